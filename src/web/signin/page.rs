//! Small pages, and which requests want pages.

use crate::html::escaped;
use axum_core::body::Body;
use axum_core::response::Response;
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

/// Whether a browser wants to show the response as a page, so that it can be sent to the login. The
/// request of a script, a picture or a frame cannot.
pub(super) fn is_wanted(request: &Parts) -> bool {
    if !matches!(request.method, Method::GET | Method::HEAD) {
        return false;
    }
    let text = |name: &str| request.headers.get(name)?.to_str().ok();
    match text("sec-fetch-mode") {
        Some(mode) => mode == "navigate" && text("sec-fetch-dest").is_none_or(|d| d == "document"),
        // Older browsers, and plain HTTP.
        None => text("x-requested-with").is_none() && accepts_html(&request.headers),
    }
}

/// Whether the header `Accept` names HTML.
pub(super) fn accepts_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter();
    accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|range| {
            let kind = range.split(';').next().unwrap_or_default().trim();
            kind.eq_ignore_ascii_case("text/html")
                || kind.eq_ignore_ascii_case("application/xhtml+xml")
        })
}

/// A page that says one thing, with a link.
pub(super) fn says(status: StatusCode, text: &str, link: Option<(&str, &str)>) -> Response {
    let link = link.map_or_else(String::new, |(path, label)| {
        format!(
            "<p><a href=\"{}\">{}</a></p>",
            escaped(path),
            escaped(label)
        )
    });
    page(
        status,
        "",
        &format!("<h1>{}</h1>{link}", escaped(text)),
        text,
    )
}

/// A page that goes on to a path of this site. A redirect would belong to the navigation that began
/// at the provider, with which browsers send no `SameSite=Strict` cookie; the page begins one here.
pub(super) fn goes_on(path: &str) -> Response {
    let path = escaped(path);
    let refresh = format!("<meta http-equiv=\"refresh\" content=\"0;url={path}\">");
    let body = format!("<p><a href=\"{path}\">Continue</a></p>");
    page(StatusCode::OK, &refresh, &body, "Signed in")
}

fn page(status: StatusCode, head: &str, body: &str, title: &str) -> Response {
    let title = escaped(title);
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title>{head}</head>\
         <body><main>{body}</main></body></html>"
    );
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
        ),
        // The URL of a callback has the code in it.
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A redirect that no cache keeps.
pub(super) fn redirect(location: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(location) else {
        return says(
            StatusCode::BAD_GATEWAY,
            "The provider's address is wrong",
            None,
        );
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    headers.insert(LOCATION, location);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
