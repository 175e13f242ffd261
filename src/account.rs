//! The Account API: users view and change their own account with their own token.
//!
//! ```no_run
//! # async fn show(oidc: keycloak_kit::oidc::Oidc, tokens: keycloak_kit::oidc::TokenSet) -> keycloak_kit::Result<()> {
//! let account = oidc.account(oidc.session(tokens));
//! let me = account.profile().await?;
//! println!("{:?} has {} sessions", me.username, account.sessions().await?.len());
//!
//! account.modify_profile(|me| me.first_name = Some("Ada".into())).await?;
//! account.end_other_sessions().await?;
//! # Ok(()) }
//! ```
//!
//! The token needs the audience `account` and the role `manage-account` of the client `account`,
//! which Keycloak grants to every user by default. Read calls need only the smaller role that their
//! documentation names. A client without full scope needs the roles in its scope.
//!
//! Every type keeps unlisted members in `extra`; `Debug` shows only their names.

mod applications;
mod call;
mod credentials;
mod linked_accounts;
mod memberships;
mod profile;
mod sessions;
#[cfg(test)]
mod tests;

pub use self::applications::{Application, Consent, ConsentScope};
pub use self::call::Account;
pub use self::credentials::{
    AccountCredential, AccountCredentialType, CredentialMetadata, LocalizedText,
};
pub use self::linked_accounts::{LinkedAccount, LinkedAccountsRequest};
pub use self::memberships::{AccountGroup, AccountOrganization};
pub use self::profile::{AttributeGroupMetadata, AttributeMetadata, Profile, ProfileMetadata};
pub use self::sessions::{AccountSession, Device, SessionClient};

/// Defines a part of a response, which keeps unlisted members in `extra`.
macro_rules! part {
    (
        $(#[$doc:meta])*
        $name:ident { $($(#[$member_doc:meta])* $member:ident: $ty:ty,)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[$member_doc])*
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $member: Option<$ty>,
            )*
            /// All other members.
            #[serde(flatten)]
            pub extra: std::collections::BTreeMap<String, serde_json::Value>,
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut out = f.debug_struct(stringify!($name));
                $(
                    if let Some(value) = &self.$member {
                        out.field(stringify!($member), value);
                    }
                )*
                out.field("extra", &self.extra.keys().collect::<Vec<_>>());
                out.finish()
            }
        }
    };
}
use part;

#[cfg(feature = "admin")]
impl crate::admin::handles::Realm {
    /// Returns the account of the user whose tokens `user` provides: a
    /// [`Session`](crate::oidc::Session), an [`AccessToken`](crate::AccessToken) or any other token
    /// source.
    pub fn account(&self, user: impl crate::TokenSource) -> Account {
        let channel = self.call.channel().clone();
        Account::of_realm(channel, self.realm.as_str().to_owned(), user)
    }
}
