//! Ids that would change the path they stand in never leave the client.

use keycloak_kit::ErrorKind;
use percent_encoding::percent_decode_str;
use pretty_assertions::assert_eq;

use super::document::operations;
use super::given::Given;
use super::{CALLS, own};
use crate::support::recorder::Recorder;

/// URL parsers resolve dot segments, and strip tab, carriage return and line feed before that.
const HOSTILE: &[&str] = &[
    "", ".", "..", ".\t.", "\t..", "..\n", ".\r.", "\r", "\n", "\t", "a\u{0}", "\u{0}", "a\u{1b}b",
    "\u{7f}", "a\u{85}", "\u{9f}",
];

/// Unusual, but names of objects that exist.
const ODD: &[&str] = &[
    "%2e%2e", "%2E.", "%2f", "...", ". .", "a/..", "/", "..\\", "\\", "a;b", "..;", ";", "?x",
    "#x", "é", " ", "a b", "+", "&=", ":", "@", "%", "\u{202e}", "日本",
];

#[tokio::test]
async fn a_hostile_id_is_refused_before_anything_is_sent() {
    let recorder = Recorder::start().await;
    let kc = recorder.client();
    for call in CALLS {
        let operation = &operations()[call.operation];
        for parameter in operation.path_parameters() {
            for hostile in HOSTILE {
                let given = Given::for_operation(operation).with_path(&parameter, hostile);
                let error = (call.run)(&kc, &given).await.unwrap_err();
                let at = format!("{} {parameter}={hostile:?}", call.name);
                assert_eq!(error.kind(), ErrorKind::Config, "{at}: {error}");
                assert_eq!(error.operation(), Some(call.name), "{at}");
                let text = error.to_string();
                assert!(text.contains(&format!("{parameter} ")), "{at}: {text}");
                assert!(!text.chars().any(char::is_control), "{at}: {text:?}");
            }
        }
    }
    assert_eq!(recorder.take().len(), 0, "a request was sent");
}

#[tokio::test]
async fn an_odd_id_arrives_as_one_segment() {
    let recorder = Recorder::start().await;
    let kc = recorder.client();
    for call in CALLS {
        let operation = &operations()[call.operation];
        if operation.path_parameters().is_empty() {
            continue;
        }
        for odd in ODD {
            let given = Given::for_operation(operation).with_paths(odd);
            // The answer is empty; that it does not decode is not of interest here.
            let outcome = (call.run)(&kc, &given).await;
            let seen = own(operation, recorder.take());
            let at = format!("{} {odd:?}", call.name);
            if operation.path.ends_with("/{path}") && *odd == "/" {
                // The path of a group, which names none.
                assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Config, "{at}");
                assert_eq!(seen.len(), 0, "{at}");
                continue;
            }
            assert_eq!(seen.len(), 1, "{at}");
            let path = seen[0].path.strip_prefix("/auth").unwrap();
            let (sent, template): (Vec<&str>, Vec<&str>) = (
                path.split('/').collect(),
                operation.path.split('/').collect(),
            );
            assert_eq!(sent.len(), template.len(), "{at}: {path}");
            for (sent, template) in sent.iter().zip(template) {
                let sent = percent_decode_str(sent).decode_utf8().unwrap();
                let expected = if template.starts_with('{') {
                    odd
                } else {
                    template
                };
                assert_eq!(sent, expected, "{at}: {path}");
            }
        }
    }
}
