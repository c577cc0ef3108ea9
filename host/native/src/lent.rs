//! Objects that the embedder lends to a graph: nobody looks into them but the embedder.

use std::ffi::c_void;
use std::sync::Arc;

use amdm::error::Error;
use amdm_diffusion::Conditioning;
use amdm_runtime::Object;

use crate::own::User;

/// Who made such a condition, as messages say it.
const MAKER: &str = "the embedder";

/// A condition: all of the embedder's models take it, and no other.
struct Lent(Arc<User>);

/// What the embedder gave, as an object of a wire.
pub(crate) fn object(wire: &str, user: &Arc<User>) -> Result<Object, Error> {
    if wire != Object::CONDITIONING {
        return Object::opaque(wire, user.clone());
    }
    Ok(Object::from_conditioning(Conditioning::new(MAKER, "", Lent(user.clone()), 0)))
}

/// A condition as a model's requests have it, where it is one that a graph was given.
pub(crate) fn condition(conditioning: &Conditioning) -> Option<Object> {
    conditioning.find::<Lent>().map(|_| Object::from_conditioning(conditioning.clone()))
}

/// The embedder's pointer, of an object that a graph was given.
pub(crate) fn user_data(object: &Object) -> Option<*mut c_void> {
    let condition = object.condition().and_then(Conditioning::find::<Lent>);
    let user = object.data::<User>().or_else(|| condition.map(|lent| &*lent.0));
    user.map(|user| user.data)
}
