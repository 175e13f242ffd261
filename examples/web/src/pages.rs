//! The pages, without a script.

use std::time::{Duration, UNIX_EPOCH};

use axum::http::StatusCode;
use keycloak_kit::account::{AccountSession, Device};
use keycloak_kit::web::User;
use maud::{DOCTYPE, Markup, PreEscaped, html};

const PAGES: [(&str, &str, &str); 5] = [
    (
        "/profile",
        "Profile",
        "Who you are: the claims of your ID token.",
    ),
    (
        "/sessions",
        "Sessions",
        "Where you are signed in, and how to end it.",
    ),
    (
        "/album",
        "Album",
        "Pictures that Keycloak lets only friends see.",
    ),
    ("/safe", "Safe", "A page that asks for a recent sign-in."),
    ("/admin", "Administration", "A page for administrators."),
];

fn layout(title: &str, path: &str, user: Option<&User>, content: &Markup) -> Markup {
    let current = |to: &str| (to == path).then_some("page");
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " – Harbour" }
                link rel="stylesheet" href="/style.css";
                @if user.is_none() { link rel="stylesheet" href="/forget.css"; }
                link rel="icon" href="data:,";
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                header {
                    a.brand href="/" aria-current=[current("/")] { "Harbour" }
                    nav aria-label="Pages" {
                        ul {
                            @for (to, name, _) in PAGES {
                                li { a href=(to) aria-current=[current(to)] { (name) } }
                            }
                        }
                    }
                    div.who {
                        @if let Some(user) = user {
                            span.name { (name_of(user)) }
                            (PreEscaped(user.logout_form("Sign out")))
                        } @else {
                            a.button href="/login" { "Sign in" }
                        }
                    }
                }
                main id="content" tabindex="-1" { (content) }
                footer { p { "An example of keycloak-kit. It works without JavaScript." } }
            }
        }
    }
}

fn name_of(user: &User) -> &str {
    user.name()
        .or_else(|| user.username())
        .unwrap_or_else(|| user.subject())
}

pub(crate) fn home(user: Option<&User>) -> Markup {
    let content = html! {
        @if let Some(user) = user {
            h1 { "Hello, " (name_of(user)) }
            p.lead { "You are signed in. These pages are yours:" }
        } @else {
            h1 { "A safe harbour" }
            p.lead { "Sign in with your account, or make one on the way." }
            p { a.button href="/login" { "Sign in or register" } }
            h2 { "What is here" }
        }
        ul.cards {
            @for (to, name, about) in PAGES {
                li { a href=(to) { strong { (name) } } p { (about) } }
            }
        }
    };
    layout("Home", "/", user, &content)
}

pub(crate) fn profile(user: &User) -> Markup {
    let content = html! {
        h1 { "Profile" }
        dl {
            dt { "Name" } dd { (name_of(user)) }
            dt { "Username" } dd { (user.username().unwrap_or("unknown")) }
            dt { "Roles" } dd { (user.realm_roles().join(", ")) }
            dt { "Scopes" } dd { (user.scopes().join(", ")) }
        }
        h2 id="claims" { "Claims of the ID token" }
        (scrolling("claims", &html! {
            thead { tr { th scope="col" { "Claim" } th scope="col" { "Value" } } }
            tbody {
                @for (name, value) in user.claims() {
                    tr { th scope="row" { (name) } td { code { (value) } } }
                }
            }
        }))
    };
    layout("Profile", "/profile", Some(user), &content)
}

/// A table that scrolls by itself where it is too wide, also with the keyboard.
fn scrolling(label: &str, rows: &Markup) -> Markup {
    html! {
        div.scroll role="region" aria-labelledby=(label) tabindex="0" { table { (rows) } }
    }
}

pub(crate) fn sessions(user: &User, sessions: &[AccountSession], devices: &[Device]) -> Markup {
    let content = html! {
        h1 { "Sessions and devices" }
        h2 id="sessions" { "Sessions" }
        (scrolling("sessions", &html! {
            thead { tr {
                th scope="col" { "Browser" } th scope="col" { "Address" }
                th scope="col" { "Started" } th scope="col" { "Last used" }
                th scope="col" { "Action" }
            } }
            tbody {
                @for session in sessions {
                    tr {
                        th scope="row" { (text(&session.browser)) }
                        td { (text(&session.ip_address)) }
                        td { (time(session.started)) }
                        td { (time(session.last_access)) }
                        td {
                            @if session.current == Some(true) {
                                strong { "This session" }
                            } @else {
                                (end(user, session.id.as_deref(), "End this session"))
                            }
                        }
                    }
                }
            }
        }))
        @if sessions.len() > 1 { (end(user, None, "End all other sessions")) }
        h2 { "Devices" }
        ul.cards {
            @for device in devices {
                li {
                    strong { (text(&device.os)) @if let Some(version) = known(device.os_version.as_deref()) { " " (version) } }
                    @if device.current == Some(true) { p { "This device" } }
                    p { "Last used " (time(device.last_access)) }
                }
            }
        }
    };
    layout("Sessions and devices", "/sessions", Some(user), &content)
}

fn end(user: &User, id: Option<&str>, label: &str) -> Markup {
    html! {
        form method="post" action="/sessions/end" {
            input type="hidden" name="form_token" value=(user.form_token());
            @if let Some(id) = id { input type="hidden" name="id" value=(id); }
            button { (label) }
        }
    }
}

fn text(value: &Option<String>) -> &str {
    known(value.as_deref()).unwrap_or("unknown")
}

/// Keycloak writes what it cannot find out as a word.
fn known(value: Option<&str>) -> Option<&str> {
    value.filter(|value| *value != "Unknown")
}

fn time(seconds: Option<i64>) -> String {
    let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
    let point = seconds.and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
    // What the year 9999 is over has no such text.
    point
        .filter(|_| seconds < Some(253_402_300_800))
        .map_or_else(|| "unknown".to_owned(), httpdate::fmt_http_date)
}

pub(crate) fn admin(user: &User) -> Markup {
    let content = html! {
        h1 { "Administration" }
        p.lead { "You have the role “admin”." }
        p { "Who lacks it gets an error page here, and finds the way back to the first page." }
    };
    layout("Administration", "/admin", Some(user), &content)
}

pub(crate) fn safe(user: &User) -> Markup {
    let content = html! {
        h1 { "Safe" }
        p.lead { "You signed in a short time ago, so that the safe is open." }
        dl {
            dt { "Level of the sign-in (acr)" }
            dd { (claim(user, "acr")) }
            dt { "Time of the sign-in" }
            dd { (time(user.claims().get("auth_time").and_then(serde_json::Value::as_i64))) }
        }
    };
    layout("Safe", "/safe", Some(user), &content)
}

fn claim<'a>(user: &'a User, name: &str) -> &'a str {
    let value = user.claims().get(name);
    value
        .and_then(serde_json::Value::as_str)
        .unwrap_or("unknown")
}

pub(crate) fn album(user: &User) -> Markup {
    let pictures = [
        ("A yellow sun above the sea", "#f2b632", "#2a6f97"),
        ("A red sun above the sea", "#d1495b", "#1b4965"),
        ("A white moon above the sea", "#f1f1e6", "#0b2545"),
    ];
    let content = html! {
        h1 { "Album" }
        p.lead { "Keycloak says that you may view these." }
        ul.cards.pictures {
            @for (about, sun, sea) in pictures {
                li {
                    figure {
                        svg role="img" aria-label=(about) viewBox="0 0 160 90" {
                            rect width="160" height="90" fill="#8fb8cf" {}
                            circle cx="110" cy="45" r="22" fill=(sun) {}
                            rect y="55" width="160" height="35" fill=(sea) {}
                        }
                        figcaption { (about) }
                    }
                }
            }
        }
    };
    layout("Album", "/album", Some(user), &content)
}

pub(crate) fn fault(status: StatusCode, title: &str, advice: &str) -> Markup {
    let content = html! {
        h1 { (title) }
        p.lead { (advice) }
        p { a.button href="/" { "To the first page" } }
        p.note { "Status " (status.as_u16()) }
    };
    layout(title, "", None, &content)
}
