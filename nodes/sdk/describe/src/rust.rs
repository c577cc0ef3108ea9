//! placeholder
use crate::error::DescribeError;
use std::path::Path;
/// x
pub fn rust(_dir: &Path) -> Result<proc_macro2::TokenStream, DescribeError> {
    Ok(Default::default())
}
