//! Enums that every interface has a copy of: listed once, mirrored by a line.
//!
//! Bindings for WebAssembly and the C interface have types of their own for the same cases. An enum
//! made by `table!` brings a macro that writes both ways between it and such a type; where one of
//! them lacks a case, it does not compile. With `codes!` for [`Code`](crate::error::Code):
//!
//! ```
//! # use amdm::error::Code;
//! # #[derive(Clone, Copy, Debug, PartialEq)]
//! # enum Status {
//! #     InvalidInput, NotFound, Unsupported, OutOfMemory, LimitExceeded, InputOutput, Cancelled,
//! #     Denied, Internal,
//! # }
//! amdm::codes!(Status => lift, lower);
//! assert_eq!(lift(Status::Denied), Code::Denied);
//! assert_eq!(lower(Code::NotFound), Status::NotFound);
//! ```

/// An enum with its texts, and the macro that mirrors it. `($)` stands before it because the macro
/// that it writes has variables of its own: their dollar sign comes in through `$d`.
macro_rules! table {
    (
        ($d:tt) $(#[$meta:meta])*
        pub enum $name:ident in $home:ident, mirrored by $mirror:ident $(, else $other:ident)? {
            $($(#[$doc:meta])* $case:ident = $text:literal,)+
        }
    ) => {
        $(#[$meta])*
        pub enum $name {
            $($(#[$doc])* $case,)+
        }

        impl $name {
            /// All cases, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$case),+];

            /// The case as written in JSON and in messages.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$case => $text),+
                }
            }
        }

        #[doc = concat!(
            "`", stringify!($mirror), "!(Other => lift, lower)` defines functions between ",
            "`Other`, a type with the same cases, and `", stringify!($name), "`: `lift` takes the ",
            "other, `lower` gives it. A visibility may stand before the type.",
        )]
        #[macro_export]
        macro_rules! $mirror {
            ($d vis:vis $d other_type:ty => $d lift:ident, $d lower:ident) => {
                /// The same case as the crate `amdm` has it.
                #[allow(dead_code)]
                $d vis const fn $d lift(case: $d other_type) -> $crate::$home::$name {
                    match case {
                        $(<$d other_type>::$case => $crate::$home::$name::$case,)+
                    }
                }

                /// The same case as this interface has it.
                #[allow(dead_code, unreachable_patterns)]
                $d vis const fn $d lower(case: $crate::$home::$name) -> $d other_type {
                    match case {
                        $($crate::$home::$name::$case => <$d other_type>::$case,)+
                        $(_ => <$d other_type>::$other,)?
                    }
                }
            };
        }
    };
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use alloc::string::String;
    use alloc::vec::Vec;

    use crate::error::Code;
    use crate::math::{Part, Phase, PredictionKind};

    const CONTRACT: &str = concat!(
        include_str!("../wit/types.wit"),
        include_str!("../wit/models.wit"),
        include_str!("../wit/sampling.wit"),
    );

    /// The cases of an enum of the contract, as JSON writes them.
    fn cases(name: &str) -> Vec<String> {
        let (_, after) = CONTRACT.split_once(&alloc::format!("enum {name} {{")).expect(name);
        let (cases, _) = after.split_once('}').expect(name);
        cases.split(',').map(|case| case.trim().replace('-', "_")).collect()
    }

    #[test]
    fn tables_have_the_cases_of_the_contract_in_its_order() {
        let texts = |texts: &mut dyn Iterator<Item = &'static str>| texts.collect::<Vec<_>>();
        assert_eq!(texts(&mut Code::ALL.iter().map(|case| case.as_str())), cases("error-code"));
        assert_eq!(texts(&mut Phase::ALL.iter().map(|case| case.as_str())), cases("phase"));
        assert_eq!(texts(&mut Part::ALL.iter().map(|case| case.as_str())), cases("part"));
        let kinds = texts(&mut PredictionKind::ALL.iter().map(|case| case.as_str()));
        assert_eq!(kinds, cases("prediction-kind"));
    }
}
