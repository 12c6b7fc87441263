//! Domains: proven by a TXT record, looked at again, lost to a newer proof.

use crate::harness::{House, no_limits, quick, unique};
use crate::lifecycle::due;
use chrono::Duration;
use http::Method;
use identity::Settings;
use identity::organizations::TxtLookup;
use kernel::{Error, ErrorKind};
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Records that the test publishes; a name with `None` gets no answer.
#[derive(Clone, Default)]
struct Zone(Arc<Mutex<HashMap<String, Option<Vec<String>>>>>);

impl Zone {
    fn publish(&self, name: &str, records: Option<&[&str]>) {
        let records = records.map(|records| records.iter().map(|record| (*record).to_owned()).collect());
        self.0.lock().unwrap().insert(name.to_owned(), records);
    }

    fn settings(&self) -> Settings {
        let zone = self.clone();
        let dns = TxtLookup::new(move |name| {
            let found = zone.0.lock().unwrap().get(&name).cloned().unwrap_or(Some(Vec::new()));
            Box::pin(async move {
                found.ok_or_else(|| Error::new(ErrorKind::Unavailable, "DNS_UNAVAILABLE", "Nobody answers."))
            })
        });
        Settings { dns, ..quick() }
    }
}

async fn alone(zone: &Zone) -> House {
    House::alone().await.with_settings(zone.settings())
}

#[tokio::test]
async fn a_domain_is_proven_by_its_record_and_not_before() {
    let zone = Zone::default();
    let house = House::with(zone.settings(), no_limits()).await;
    let admin = house.user("admin").await;
    let token = house.access_token(&admin.email).await;
    let domain = format!("{}.example", unique("d"));
    let body = json!({ "domain": format!(" {}. ", domain.to_uppercase()), "purposes": ["sign_in", "email", "email"] });
    let added = house.call(Method::POST, "/api/organization/domains", &token, Some(&body)).await;
    assert_eq!((added.status.as_u16(), added.text("domain")), (201, domain.clone()));
    assert_eq!(added.body["purposes"], json!(["email", "sign_in"]));
    house.call(Method::POST, "/api/organization/domains", &token, Some(&body)).await.is(409, "DOMAIN_EXISTS");
    let wrong = json!({ "domain": "localhost", "purposes": ["email"] });
    house.call(Method::POST, "/api/organization/domains", &token, Some(&wrong)).await.is(422, "VALIDATION_FAILED");
    let path = format!("/api/organization/domains/{}", added.text("id"));
    let verify = async || house.call(Method::POST, &format!("{path}/verify"), &token, None).await;
    let refused = verify().await.is(409, "DOMAIN_NOT_PROVEN");
    assert_eq!(refused.body["record_name"], json!(format!("_balcao.{domain}")));
    let name = added.text("record_name");
    zone.publish(&name, None);
    verify().await.is(503, "DNS_UNAVAILABLE");
    zone.publish(&name, Some(&["v=spf1 -all", "balcao-verification=made-up"]));
    verify().await.is(409, "DOMAIN_NOT_PROVEN");
    zone.publish(&name, Some(&["v=spf1 -all", &added.text("verification_token")]));
    assert!(verify().await.ok().body["verified_at"].is_string());
    verify().await.ok();
    let events = house.events(house.organization.id).await;
    let proven: Vec<_> = events.iter().filter(|event| event.0 == "organization.domain_verified").collect();
    assert_eq!(proven.len(), 1);
    let manager = house.user("manager").await;
    let manager = house.access_token(&manager.email).await;
    assert_eq!(house.get("/api/organization/domains", &manager).await.ok().body["data"].as_array().unwrap().len(), 1);
    house.call(Method::DELETE, &path, &manager, None).await.is(403, "PERMISSION_DENIED");
    assert_eq!(house.call(Method::DELETE, &path, &token, None).await.status, 204);
    house.call(Method::DELETE, &path, &token, None).await.is(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_newer_proof_wins_and_both_are_told() {
    let zone = Zone::default();
    let house = alone(&zone).await;
    let other = house.other_organization("Clínica Dois").await;
    let ana = house.user("admin").await;
    let eva = house.member(&other, "eva@dois.example", "admin").await;
    let (anas, evas) = (house.access_token(&ana.email).await, house.access_token(&eva.email).await);
    let body = json!({ "domain": "clinica.example", "purposes": ["sign_in"] });
    let prove = async |token: &str| {
        let added = house.call(Method::POST, "/api/organization/domains", token, Some(&body)).await;
        zone.publish("_balcao.clinica.example", Some(&[&added.text("verification_token")]));
        let path = format!("/api/organization/domains/{}/verify", added.text("id"));
        house.call(Method::POST, &path, token, None).await.ok();
    };
    prove(&anas).await;
    house.work().await;
    prove(&evas).await;
    let letters = house.work().await;
    let mut told: Vec<_> =
        letters.iter().map(|letter| (letter.to.clone(), letter.data["change"].as_str().unwrap().to_owned())).collect();
    told.sort();
    let mut expected =
        vec![(ana.email.clone(), "domain_lost".to_owned()), (eva.email.clone(), "domain_verified".to_owned())];
    expected.sort();
    assert_eq!(told, expected);
    let ours = house.get("/api/organization/domains", &anas).await.ok();
    assert!(ours.body["data"][0]["verified_at"].is_null());
    let theirs = house.get("/api/organization/domains", &evas).await.ok();
    assert!(theirs.body["data"][0]["verified_at"].is_string());
    let lost = house.events(house.organization.id).await;
    let lost: Vec<_> = lost.iter().filter(|event| event.0 == "organization.domain_lost").collect();
    assert_eq!((lost.len(), &lost[0].1["reason"]), (1, &json!("newer_proof")));
}

#[tokio::test]
async fn a_domain_is_looked_at_every_week_and_lost_after_three_days_without_its_record() {
    let zone = Zone::default();
    let house = alone(&zone).await;
    let admin = house.user("admin").await;
    let token = house.access_token(&admin.email).await;
    let body = json!({ "domain": "clinica.example", "purposes": ["email"] });
    let added = house.call(Method::POST, "/api/organization/domains", &token, Some(&body)).await;
    let record = "_balcao.clinica.example";
    zone.publish(record, Some(&[&added.text("verification_token")]));
    let path = format!("/api/organization/domains/{}/verify", added.text("id"));
    house.call(Method::POST, &path, &token, None).await.ok();
    let facts = async || {
        house
            .text("select concat_ws(' ', verified_at is not null, failures) from organization_domains".to_owned())
            .await
    };
    let day = async || {
        house.advance(Duration::days(1));
        due(&house).await;
    };
    zone.publish(record, Some(&[]));
    for _ in 0..6 {
        day().await;
        assert_eq!(facts().await, "t 0");
    }
    day().await;
    assert_eq!(facts().await, "t 1");
    // Name servers that do not answer prove nothing either way.
    zone.publish(record, None);
    day().await;
    assert_eq!(facts().await, "t 1");
    zone.publish(record, Some(&[&added.text("verification_token")]));
    day().await;
    assert_eq!(facts().await, "t 0");
    zone.publish(record, Some(&[]));
    house.advance(Duration::days(6));
    for expected in ["t 1", "t 2", "f 3"] {
        day().await;
        assert_eq!(facts().await, expected);
    }
    let lost = house.events(house.organization.id).await;
    let lost: Vec<_> = lost.iter().filter(|event| event.0 == "organization.domain_lost").collect();
    assert_eq!((lost.len(), &lost[0].1["reason"]), (1, &json!("no_record")));
}
