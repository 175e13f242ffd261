//! The sign-in of the example application in a real browser, through Keycloak's own pages. Each test
//! has a realm and browsers of its own.

mod attacks;
mod logins;
mod pages;
mod restart;
mod sessions;
mod site;
