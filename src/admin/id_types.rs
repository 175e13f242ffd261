//! What is behind [`ids`](super::ids): the macro that declares them, and what is taken for one.

use super::ids::ClientUuid;

/// What a call or a handle takes where it asks for an `Id`: such an id, or a text.
///
/// Ids of another kind do not fit. What a representation has as its `id` is an `Option<String>`;
/// its method gives the id in its type, such as
/// [`user_id`](super::representations::UserRepresentation::user_id).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the id that is asked for here: `{Id}`",
    label = "this is neither a `{Id}` nor a text",
    note = "the id of another kind of object does not fit; a text does, and `{Id}::new(..)` takes one",
    note = "the `id` of a representation is optional: its method gives the id itself, such as \
            `user.user_id()?`"
)]
pub trait IntoId<Id> {
    /// The id.
    fn into_id(self) -> Id;
}

/// What a call or a handle takes where it asks for a client: its UUID in its own type, because a
/// client has two ids, and a text may be the other one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` may be either of a client's two ids, and its UUID is asked for here",
    label = "this is not a `ClientUuid`",
    note = "of a `clientId`, the name that applications log in with: \
            `realm.client_by_client_id(\"web\").await?` looks the client up",
    note = "of a UUID that is known: `ClientUuid::new(\"7d1a4b6e-..\")`; a representation gives its \
            own by `client.client_uuid()?`"
)]
pub trait IntoClientUuid {
    /// The UUID.
    fn into_client_uuid(self) -> ClientUuid;
}

/// Declares id types. `open` ones are made from any string; a `strict` one only by its
/// constructor, so that another kind of id cannot slip in.
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
        // The notes of the trait say what fits: a list of all ids is no help.
        #[diagnostic::do_not_recommend]
        impl $trait for $given {
            fn $method(self) -> $name {
                self.into()
            }
        }
    )* };
    (common $name:ident) => {
        #[doc = concat!("`", stringify!($name), "`: a string that only fits where one is meant.")]
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
            /// Takes the text as it is; a call checks it before anything is sent.
            #[must_use]
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text, owned.
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
