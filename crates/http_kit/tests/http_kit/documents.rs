//! The OpenAPI document says what the routes do, and the reference needs no other host.

use crate::support::House;
use serde_json::Value;

#[tokio::test]
async fn the_document_is_served_and_whole() {
    let house = House::new();
    let served = house.anonymous("/api/openapi.json").await;
    assert_eq!((served.status.as_u16(), served.header("content-type")), (200, "application/json"));
    let document = served.json();
    assert_eq!(document, serde_json::to_value(&house.document).unwrap());
    assert_eq!(document, house.anonymous("/api/v1/openapi.json").await.json());
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    for path in ["/api/things", "/api/things/{thing_id}", "/api/auth/login", "/health", "/health/live", "/health/ready"]
    {
        assert!(document["paths"][path].is_object(), "{path}");
    }
    every_reference_resolves(&document, &document);
}

fn every_reference_resolves(document: &Value, part: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                assert!(document.pointer(&reference[1..]).is_some(), "{reference} leads nowhere");
            }
            members.values().for_each(|value| every_reference_resolves(document, value));
        }
        Value::Array(values) => values.iter().for_each(|value| every_reference_resolves(document, value)),
        _ => {}
    }
}

#[tokio::test]
async fn operations_refer_to_the_problems_that_they_can_answer() {
    let document = serde_json::to_value(&House::new().document).unwrap();
    let statuses = |path: &str, method: &str| {
        let responses = document["paths"][path][method]["responses"].as_object().unwrap();
        responses.keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(statuses("/api/things", "get"), "200 400 401 403 429 500");
    assert_eq!(statuses("/api/things", "post"), "201 400 401 403 409 422 429 500");
    assert_eq!(statuses("/api/things/{thing_id}", "get"), "200 401 403 404 429 500");
    assert_eq!(statuses("/api/things/{thing_id}", "patch"), "200 400 401 403 404 409 412 429 500");
    assert_eq!(statuses("/api/auth/login", "post"), "200 429 500");
    let create = &document["paths"]["/api/things"]["post"];
    assert_eq!(create["parameters"][0]["$ref"], "#/components/parameters/IdempotencyKey");
    assert_eq!(create["x-permission"], "messaging.manage");
    assert_eq!(create["requestBody"]["content"]["application/json"]["example"]["name"], "Chair");
    assert_eq!(document["paths"]["/api/auth/login"]["post"]["security"], Value::Array(Vec::new()));
    let names: Vec<&str> = document["paths"]["/api/things"]["get"]["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|parameter| parameter["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["status", "minimum", "limit", "cursor"]);
}

#[tokio::test]
async fn the_reference_is_served_from_here() {
    let house = House::new();
    let page = house.anonymous("/api/docs/").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    let initializer = String::from_utf8(house.anonymous("/api/docs/swagger-initializer.js").await.body).unwrap();
    assert!(
        initializer.contains("/api/openapi.json") && initializer.contains(r#""validatorUrl": "none""#),
        "{initializer}"
    );
    for text in [String::from_utf8(page.body).unwrap(), initializer] {
        assert!(!text.contains("https://") && !text.contains("http://"), "{text}");
    }
}
