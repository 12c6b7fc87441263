//! The history of a record.

use crate::house::House;
use http::StatusCode;
use serde_json::json;

#[tokio::test]
async fn changes_of_a_record_are_told_newest_first() {
    let house = House::new().await;
    house.happen("membership.updated", json!({ "changes": { "job_title": { "from": null, "to": "Recepção" } } })).await;
    house.happen("organization.status_changed", json!({ "from": "active", "to": "suspended" })).await;
    let (before, after) =
        (json!({ "name": "Triagem", "permissions": [] }), json!({ "name": "Acolhimento", "permissions": [] }));
    house.happen("role.updated", json!({ "before": before, "after": after })).await;
    house.happen("user.updated", json!({ "fields": ["phone"] })).await;
    house.happen("role.updated", json!({ "n": 1 })).await;
    let token = house.token("ana@clinica.example").await;
    house.listen().await;
    let path = format!("/api/history?resource_type=user&resource_id={}", house.admin.user_id);
    let (status, page) = house.get(&path, &token).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    let told: Vec<_> = page["data"].as_array().unwrap().iter().map(|entry| entry["changes"].clone()).collect();
    assert_eq!(
        told,
        [
            json!({ "phone": { "hidden": true } }),
            json!({ "name": { "from": "Triagem", "to": "Acolhimento" } }),
            json!({ "status": { "from": "active", "to": "suspended" } }),
            json!({ "job_title": { "from": null, "to": "Recepção" } }),
        ]
    );
    let (status, _) =
        house.get(&format!("/api/history?resource_type=user&resource_id={}", uuid::Uuid::nil()), &token).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "a record that one may not view has no history");
    let (status, _) = house.get(&path.replace("user&", "secret&"), &token).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}
