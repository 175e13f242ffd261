//! Grants: what is exchanged for tokens.

mod ciba;
mod client_credentials;
mod code;
mod custom;
mod device;
mod exchange;
mod jwt_bearer;
mod password;
mod poll;
mod refresh;
mod saved_login;

pub use self::ciba::{BackchannelLogin, BackchannelLoginRequest};
pub use self::client_credentials::ClientCredentialsLogin;
pub use self::code::CodeGrant;
pub use self::custom::CustomGrant;
pub use self::device::{DeviceLogin, DeviceLoginRequest};
pub use self::exchange::{ExchangedToken, TokenExchange, token_type};
pub use self::jwt_bearer::JwtBearerGrant;
pub use self::password::PasswordLogin;
pub use self::refresh::Refresh;
pub use self::saved_login::{SavedBackchannelLogin, SavedDeviceLogin};
