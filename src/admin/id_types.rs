//! The macro that declares the [`ids`](super::ids), and what converts into them.

use super::ids::ClientUuid;

/// A value that a call or handle accepts as an `Id`: the id itself, or a string.
///
/// Ids of another kind are not accepted. The `id` of a representation is an `Option<String>`; a
/// method returns it as its own type, such as
/// [`user_id`](super::representations::UserRepresentation::user_id).
#[diagnostic::on_unimplemented(
    message = "expected a `{Id}`, found `{Self}`",
    label = "neither a `{Id}` nor a string",
    note = "ids of other kinds of objects are not accepted; strings are, and `{Id}::new(..)` converts one",
    note = "the `id` of a representation is optional; a method returns it as its own type, such as \
            `user.user_id()?`"
)]
pub trait IntoId<Id> {
    /// Converts the value into the id.
    fn into_id(self) -> Id;
}

/// A value that a call or handle accepts as a client's UUID. Strings are not accepted: a client has
/// two ids, and a string may be the other one.
#[diagnostic::on_unimplemented(
    message = "expected a client's UUID, found `{Self}`",
    label = "not a `ClientUuid`",
    note = "to look up a client by its `clientId`, the name that applications log in with: \
            `realm.client_by_client_id(\"web\").await?`",
    note = "to use a known UUID: `ClientUuid::new(\"7d1a4b6e-..\")`; a representation returns its own with \
            `client.client_uuid()?`"
)]
pub trait IntoClientUuid {
    /// Converts the value into the UUID.
    fn into_client_uuid(self) -> ClientUuid;
}

/// Declares id types. An `open` id converts from any string. A `strict` id is created only by its
/// constructor, so that no other kind of id is passed by mistake.
macro_rules! id_types {
    ($($kind:ident $name:ident,)*) => { $( $crate::admin::id_types::id_type! { $kind $name } )* };
}

macro_rules! id_type {
    (open $name:ident) => {
        $crate::admin::id_types::id_type! { common $name }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl From<&String> for $name {
            fn from(id: &String) -> Self {
                Self(id.clone())
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }

        $crate::admin::id_types::id_type! {
            taken $name, IntoId<$name>, into_id: $name, &$name, &str, &String, String
        }
    };
    (strict $name:ident) => {
        $crate::admin::id_types::id_type! { common $name }

        $crate::admin::id_types::id_type! {
            taken $name, IntoClientUuid, into_client_uuid: $name, &$name
        }
    };
    (taken $name:ident, $trait:ty, $method:ident: $($given:ty),*) => { $(
        // The notes of the trait say what is accepted; a list of all ids would not help.
        #[diagnostic::do_not_recommend]
        impl $trait for $given {
            fn $method(self) -> $name {
                self.into()
            }
        }
    )* };
    (common $name:ident) => {
        #[doc = concat!("An id in a type of its own, so that no other id is passed as a `", stringify!($name), "`.")]
        #[derive(
            Clone,
            Debug,
            PartialEq,
            Eq,
            Hash,
            PartialOrd,
            Ord,
            ::serde::Serialize,
            ::serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Creates the id from any text. A call checks it before it sends anything.
            #[must_use]
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// Returns the id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Converts the id into its text.
            #[must_use]
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl From<$crate::admin::call_response::LocationId> for $name {
            fn from(id: $crate::admin::call_response::LocationId) -> Self {
                Self(id.into_text())
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

pub(crate) use {id_type, id_types};
