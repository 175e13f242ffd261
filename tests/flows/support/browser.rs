//! A browser as far as login pages need one: cookies, redirects and forms.

use std::collections::BTreeMap;

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Url};

/// How the browser came back to the application.
#[derive(Debug, Clone)]
pub enum Back {
    /// The whole URL, fragment included.
    Url(String),
    /// The body of a posted form.
    Form(String),
}

impl Back {
    pub fn url(&self) -> &str {
        match self {
            Self::Url(url) => url,
            Self::Form(body) => panic!("it came back with a form: {body}"),
        }
    }
}

#[derive(Debug)]
pub enum Page {
    Html(Url, String),
    Back(Back),
}

/// One form of a page.
#[derive(Debug, Clone)]
pub struct Form {
    pub action: String,
    pub fields: BTreeMap<String, String>,
}

#[derive(Clone)]
pub struct Browser {
    client: Client,
    /// By path and name: two realms of one server have cookies of the same names.
    cookies: BTreeMap<(String, String), String>,
    /// Addresses of the application: the browser stops there.
    home: String,
}

impl Browser {
    pub fn new(home: &str) -> Self {
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self::with(client, home)
    }

    pub fn with(client: Client, home: &str) -> Self {
        Self {
            client,
            cookies: BTreeMap::new(),
            home: home.to_owned(),
        }
    }

    /// The same browser on its way to another address of the application.
    pub fn heading_for(self, home: &str) -> Self {
        Self {
            home: home.to_owned(),
            ..self
        }
    }

    pub async fn open(&mut self, url: &str) -> Page {
        self.go(Method::GET, Url::parse(url).unwrap(), None).await
    }

    /// Posts the page's form with these fields on top of the hidden ones.
    pub async fn submit(&mut self, page: &Page, fields: &[(&str, &str)]) -> Page {
        let Page::Html(url, html) = page else {
            panic!("there is no page to submit: {page:?}");
        };
        let form = form(html).unwrap_or_else(|| panic!("no form at {url}:\n{html}"));
        let mut all = form.fields;
        for (name, value) in fields {
            all.insert((*name).to_owned(), (*value).to_owned());
        }
        let action = url.join(&form.action).unwrap();
        self.go(Method::POST, action, Some(all)).await
    }

    /// Opens the login page and logs in.
    pub async fn login(&mut self, url: &str, username: &str, password: &str) -> Page {
        let page = self.open(url).await;
        self.submit(&page, &[("username", username), ("password", password)])
            .await
    }

    /// Logs in and expects to be back.
    pub async fn login_and_return(&mut self, url: &str) -> Back {
        match self.login(url, "ada", super::PASSWORD).await {
            Page::Back(back) => back,
            Page::Html(url, html) => panic!("still at {url}:\n{html}"),
        }
    }

    async fn go(
        &mut self,
        mut method: Method,
        mut url: Url,
        mut body: Option<BTreeMap<String, String>>,
    ) -> Page {
        for _ in 0..20 {
            if url.as_str().starts_with(&self.home) {
                return Page::Back(match body {
                    Some(fields) => Back::Form(
                        url::form_urlencoded::Serializer::new(String::new())
                            .extend_pairs(fields)
                            .finish(),
                    ),
                    None => Back::Url(url.into()),
                });
            }
            let mut request = self.client.request(method.clone(), url.clone());
            let cookies: Vec<String> = self
                .cookies
                .iter()
                .filter(|((path, _), _)| url.path().starts_with(path.as_str()))
                .map(|((_, name), value)| format!("{name}={value}"))
                .collect();
            if !cookies.is_empty() {
                request = request.header(COOKIE, cookies.join("; "));
            }
            if let Some(fields) = &body {
                request = request.form(fields);
            }
            let answer = request.send().await.unwrap();
            for cookie in answer.headers().get_all(SET_COOKIE) {
                let text = cookie.to_str().unwrap();
                let mut parts = text.split(';').map(str::trim);
                let (name, value) = parts.next().unwrap().split_once('=').unwrap();
                let path = parts.find_map(|part| {
                    let (attribute, path) = part.split_once('=')?;
                    attribute.eq_ignore_ascii_case("path").then_some(path)
                });
                let key = (path.unwrap_or("/").to_owned(), name.to_owned());
                if value.is_empty() || text.contains("Max-Age=0") {
                    self.cookies.remove(&key);
                } else {
                    self.cookies.insert(key, value.to_owned());
                }
            }
            if answer.status().is_redirection() {
                let target = answer.headers()[LOCATION].to_str().unwrap();
                url = url.join(target).unwrap();
                method = Method::GET;
                body = None;
                continue;
            }
            let html = answer.text().await.unwrap();
            // A page that posts itself on: form_post.
            if let Some(form) = form(&html)
                && form.action.starts_with(&self.home)
            {
                url = Url::parse(&form.action).unwrap();
                body = Some(form.fields);
                continue;
            }
            return Page::Html(url, html);
        }
        panic!("too many redirects, the last to {url}");
    }
}

/// The first form of a page.
pub fn form(html: &str) -> Option<Form> {
    let start = html.to_ascii_lowercase().find("<form")?;
    let rest = &html[start..];
    let end = rest
        .to_ascii_lowercase()
        .find("</form")
        .unwrap_or(rest.len());
    let form = &rest[..end];
    let action = attribute(&form[..form.find('>')?], "action")?;
    let mut fields = BTreeMap::new();
    let lower = form.to_ascii_lowercase();
    for (at, _) in lower.match_indices("<input") {
        let tag = &form[at..at + form[at..].find('>')?];
        let kind = attribute(tag, "type").unwrap_or_default();
        if !kind.eq_ignore_ascii_case("hidden") {
            continue;
        }
        if let Some(name) = attribute(tag, "name") {
            fields.insert(name, attribute(tag, "value").unwrap_or_default());
        }
    }
    Some(Form { action, fields })
}

/// What each of these tags of a page has for an attribute.
pub fn attributes_of(html: &str, tag: &str, name: &str) -> Vec<String> {
    let open = format!("<{tag}");
    let starts = html.match_indices(&open).map(|(at, _)| at);
    let tags = starts.filter_map(|at| Some(&html[at..at + html[at..].find('>')?]));
    tags.filter_map(|tag| attribute(tag, name)).collect()
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let lower = tag.to_ascii_lowercase();
    let at = lower
        .match_indices(&format!("{name}="))
        .find_map(|(at, _)| {
            let before = tag.as_bytes().get(at.wrapping_sub(1))?;
            before.is_ascii_whitespace().then_some(at)
        })?;
    let rest = &tag[at + name.len() + 1..];
    let quote = rest.chars().next()?;
    let value = if matches!(quote, '"' | '\'') {
        rest[1..].split(quote).next()?
    } else {
        rest.split([' ', '>']).next()?
    };
    Some(
        value
            .replace("&quot;", "\"")
            .replace("&#x3D;", "=")
            .replace("&#39;", "'")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&"),
    )
}
