//! Patterns and the cache; whole requests are in `tests/flows`.

use super::*;

fn fits(pattern: &str, path: &str) -> bool {
    let segments = segments(path);
    segments.is_some_and(|segments| Pattern::parse(pattern).unwrap().matches(&segments))
}

#[test]
fn patterns_fit_paths() {
    for (pattern, path, wanted) in [
        ("/albums", "/albums", true),
        ("/albums", "/albums/", true),
        ("/albums", "/albums?x=/..", true),
        ("/albums", "/albums/7", false),
        ("/albums", "/Albums", false),
        ("/albums/{id}", "/albums/7", true),
        ("/albums/{id}", "/albums/a%20b", true),
        ("/albums/{id}", "/albums", false),
        ("/albums/{id}", "/albums/7/pages", false),
        ("/albums/{id}/pages", "/albums/7/pages", true),
        ("/albums/*", "/albums", true),
        ("/albums/*", "/albums/7/pages", true),
        ("/albums/*", "/albumsx", false),
        ("/*", "/", true),
        ("/*", "/x/y", true),
        ("/", "/", true),
        ("/", "/x", false),
        ("/a b", "/a%20b", true),
    ] {
        assert_eq!(fits(pattern, path), wanted, "{pattern} {path}");
    }
    for pattern in [
        "", "albums", "/a*", "/*/a", "/{", "/{}", "/a//b", "/..", "/{a}{b}",
    ] {
        assert!(Pattern::parse(pattern).is_none(), "{pattern}");
    }
}

#[test]
fn paths_with_two_readings_fit_nothing() {
    for path in [
        "",
        "x",
        "//",
        "/a//b",
        "/a/../b",
        "/a/./b",
        "/a/%2e%2e/b",
        "/a%2fb",
        "/a%5cb",
        "/a\\b",
        "/a;x=1/b",
        "/a%252e",
        "/%ff",
        "/a%00",
        "/a#/../b",
        "/a#",
        "/a//",
        "http://x/a",
    ] {
        assert!(!fits("/*", path), "{path}");
    }
}

#[test]
fn the_pattern_that_says_most_decides() {
    let order = ["/a/b", "/a/{x}", "/a/*", "/{x}/b", "/{x}/{y}", "/{x}", "/*"];
    let mut patterns: Vec<Pattern> = order.iter().map(|p| Pattern::parse(p).unwrap()).collect();
    patterns.reverse();
    patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.specificity()));
    let first = |path: &str| {
        let segments = segments(path).unwrap();
        let found = patterns.iter().find(|pattern| pattern.matches(&segments));
        found.unwrap().clone()
    };
    for (path, pattern) in [
        ("/a/b", "/a/b"),
        ("/a/c", "/a/{x}"),
        ("/a/c/d", "/a/*"),
        ("/c/b", "/{x}/b"),
        ("/c/d", "/{x}/{y}"),
        ("/c", "/{x}"),
        ("/c/d/e", "/*"),
    ] {
        assert_eq!(first(path), Pattern::parse(pattern).unwrap(), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn decisions_are_few_and_young() {
    let wanted = [RequestedPermission::from("album#view")];
    let key = |number: usize| cache::key(&format!("token {number}"), &wanted);
    let cache = Cache::new(3, Duration::from_secs(30));
    for number in 0..10 {
        cache.put(key(number), Access::Granted, Duration::MAX);
        assert!(cache.len() <= 3);
    }
    assert_eq!(cache.get(&key(0)), None);
    assert_eq!(cache.get(&key(9)), Some(Access::Granted));
    tokio::time::advance(Duration::from_secs(29)).await;
    cache.put(key(9), Access::Denied, Duration::MAX);
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(cache.get(&key(8)), None);
    assert_eq!(cache.get(&key(9)), Some(Access::Denied));
    cache.clear();
    assert_eq!(cache.get(&key(9)), None);
    // Not after the token has expired.
    cache.put(key(7), Access::Granted, Duration::from_secs(5));
    assert_eq!(cache.get(&key(7)), Some(Access::Granted));
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(cache.get(&key(7)), None);
    let none = Cache::new(3, Duration::ZERO);
    none.put(key(1), Access::Granted, Duration::MAX);
    assert_eq!(none.get(&key(1)), None);
    assert_ne!(
        cache::key("ab", &wanted),
        cache::key("a", &["balbum#view".into()])
    );
}

#[test]
fn a_method_that_is_given_twice_needs_both() {
    let rule = PathRule::new("/albums")
        .method(Method::GET, ["album#view"])
        .method(Method::GET, ["album#list"]);
    let [(_, wanted)] = &rule.access[..] else {
        panic!("{rule:?}");
    };
    assert_eq!(wanted.len(), 2);
}

#[tokio::test]
async fn a_rule_is_open_or_names_methods() {
    let kc = crate::Keycloak::builder("http://localhost").anonymous();
    let oidc = kc.build().unwrap().oidc("demo", "web").build().unwrap();
    let open = PathRule::new("/admin").open();
    let both = open.clone().method(Method::DELETE, ["admin#delete"]);
    let error = oidc.path_enforcer().rule(both).build().unwrap_err();
    assert!(
        error.is_config() && error.to_string().contains("/admin"),
        "{error}"
    );
    oidc.path_enforcer().rule(open).build().unwrap();
}
