//! The shared signals transmitter.

use serde_json::json;

use super::{Suite, World, text};

const S: &str = "realm.ssf";

pub async fn run(s: &mut Suite, w: &World) {
    s.set("clientId", &w.client_id);
    let config = s.call(&format!("{S}.config")).await;
    let event = config["availableSupportedEvents"]
        .as_array()
        .and_then(|events| {
            events
                .iter()
                .find(|event| text(event).contains("SessionRevoked"))
        })
        .cloned();
    s.call(&format!("{S}.client.stream.create"))
        .body(
            json!({ "description": "d é", "events_requested": config["availableSupportedEvents"],
            "delivery": { "method": "urn:ietf:rfc:8936" }, "aud": ["https://receiver.example"] }),
        )
        .await;
    s.call(&format!("{S}.client.stream.get")).await;
    s.call(&format!("{S}.client.stream.update"))
        .body(json!({ "description": "changed" }))
        .await;
    s.call(&format!("{S}.client.stream.set_status"))
        .body(json!({ "status": "enabled", "reason": "r" }))
        .await;
    s.call(&format!("{S}.client.stream.verify")).await;
    let subject = json!({ "type": "user-id", "value": w.user });
    for verb in ["add", "check", "ignore", "remove"] {
        s.call(&format!("{S}.client.subjects.{verb}"))
            .body(subject.clone())
            .await;
    }
    s.call(&format!("{S}.client.subjects.add"))
        .body(subject)
        .await;
    let emitted = s
        .call(&format!("{S}.client.events.emit"))
        .body(json!({ "eventType": event, "subjectType": "user-id", "subjectValue": w.user, "event": {} }))
        .await;
    s.call(&format!("{S}.client.pending_event"))
        .path("jti", text(&emitted["jti"]))
        .await;
    for side in ["client.events", "events"] {
        s.call(&format!("{S}.{side}.stats")).await;
        s.call(&format!("{S}.{side}.clear_queued")).await;
        s.call(&format!("{S}.{side}.clear"))
            .query("status", "DELIVERED")
            .await;
    }
    s.call(&format!("{S}.client.stream.delete")).await;
}
