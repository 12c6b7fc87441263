//! Access tokens that are not ours, and the keys that sign ours.

use crate::harness::House;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Duration;
use http::Method;
use identity::Rotation;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// Header and claims of a token, opened.
fn parts(token: &str) -> (Value, Value) {
    let mut parts = token
        .split('.')
        .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap_or_default()).unwrap_or_default());
    (parts.next().unwrap(), parts.next().unwrap())
}

fn encode(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

/// A token with this header and these claims, signed with a key of our own making or with nothing.
fn forge(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

fn own_key() -> EncodingKey {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref())
}

#[tokio::test]
async fn a_token_says_what_the_document_says() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    let (header, claims) = parts(&house.access_token(&ana.email).await);
    assert_eq!((&header["typ"], &header["alg"]), (&json!("at+jwt"), &json!("ES256")));
    assert!(header["kid"].is_string());
    for name in ["iss", "aud", "sub", "org", "mid", "sid", "jti", "iat", "nbf", "exp", "auth_time", "amr", "roles"] {
        assert!(!claims[name].is_null(), "{name}");
    }
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
    assert!(claims.get("permissions").is_none() && claims.get("email").is_none());
}

#[tokio::test]
async fn check_05_forged_tokens_are_refused_each_by_itself() {
    let house = House::new().await;
    let ana = house.user("admin").await;
    let good = house.access_token(&ana.email).await;
    let (header, claims) = parts(&good);
    let jwks = house.send(Method::GET, "/.well-known/jwks.json", &[], None).await.ok().body;
    let public = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]).unwrap().clone();
    let nothing = |_: &[u8]| Vec::new();
    let with = |base: &Value, member: &str, value: Value| {
        let mut changed = base.clone();
        changed[member] = value;
        changed
    };
    let hmac = |key: Vec<u8>| {
        move |message: &[u8]| {
            let tag = aws_lc_rs::hmac::sign(&aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &key), message);
            tag.as_ref().to_vec()
        }
    };
    let own = own_key();
    let signed = |header: &Value, claims: &Value| {
        let message = format!("{}.{}", encode(header), encode(claims));
        format!("{message}.{}", jsonwebtoken::crypto::sign(message.as_bytes(), &own, Algorithm::ES256).unwrap())
    };
    let point = [
        vec![4],
        URL_SAFE_NO_PAD.decode(public["x"].as_str().unwrap()).unwrap(),
        URL_SAFE_NO_PAD.decode(public["y"].as_str().unwrap()).unwrap(),
    ]
    .concat();
    let good_signature = good.rsplit('.').next().unwrap();
    let mut cases = vec![
        ("none", forge(&with(&header, "alg", json!("none")), &claims, nothing)),
        ("nOnE", forge(&with(&header, "alg", json!("nOnE")), &claims, nothing)),
        ("no alg", forge(&json!({ "typ": "at+jwt", "kid": header["kid"] }), &claims, nothing)),
        ("no signature", forge(&header, &claims, nothing)),
        ("hmac with the public point", forge(&with(&header, "alg", json!("HS256")), &claims, hmac(point))),
        (
            "hmac with the public jwk",
            forge(&with(&header, "alg", json!("HS256")), &claims, hmac(public.to_string().into_bytes())),
        ),
        ("another's key under our kid", signed(&header, &claims)),
        ("foreign kid", signed(&with(&header, "kid", json!("someone-elses")), &claims)),
        ("kid path", signed(&with(&header, "kid", json!("../../dev/null")), &claims)),
        ("kid sql", signed(&with(&header, "kid", json!("' or 1=1 --")), &claims)),
        ("jwk", signed(&with(&header, "jwk", public.clone()), &claims)),
        ("jku", signed(&with(&header, "jku", json!("https://evil.example/jwks.json")), &claims)),
        ("x5u", signed(&with(&header, "x5u", json!("https://evil.example/x.pem")), &claims)),
        ("unknown crit", signed(&with(&header, "crit", json!(["b64"])), &claims)),
        (
            "changed claims",
            format!("{}.{}.{good_signature}", encode(&header), encode(&with(&claims, "sub", json!(ana.membership_id)))),
        ),
        ("rubbish", "abc".to_owned()),
        ("dots", "..".to_owned()),
        ("long", "a".repeat(100_000)),
    ];
    cases.push(("cut", good[..good.len() - 4].to_owned()));
    for (name, token) in &cases {
        let answer = house.get("/api/users/me", token).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (401, "AUTH_TOKEN_INVALID"), "{name}");
    }
    house.get("/api/users/me", &good).await.ok();
    let basic = house.send(Method::GET, "/api/users/me", &[("authorization", "Basic YTpi")], None).await;
    basic.is(401, "AUTH_TOKEN_INVALID");
    let missing = house.send(Method::GET, "/api/users/me", &[], None).await;
    missing.is(401, "AUTH_TOKEN_MISSING");
}

/// The installation's own key signs, but what it says is wrong.
#[tokio::test]
async fn check_05_every_wrong_claim_alone_is_refused() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    let (header, claims) = parts(&house.access_token(&ana.email).await);
    let key = house.stored_key(header["kid"].as_str().unwrap()).await;
    let now = house.clock.now().timestamp();
    let sign = |change: &dyn Fn(&mut Value, &mut Header)| {
        let mut claims = claims.clone();
        let mut header = Header {
            typ: Some("at+jwt".into()),
            kid: header["kid"].as_str().map(Into::into),
            ..Header::new(Algorithm::ES256)
        };
        change(&mut claims, &mut header);
        jsonwebtoken::encode(&header, &claims, &key).unwrap()
    };
    house.validate(&sign(&|_, _| {})).await.ok();
    type Change = Box<dyn Fn(&mut Value, &mut Header)>;
    let claim =
        |name: &'static str, value: Value| -> Change { Box::new(move |claims, _| claims[name] = value.clone()) };
    let without = |name: &'static str| -> Change {
        Box::new(move |claims, _| {
            claims.as_object_mut().unwrap().remove(name);
        })
    };
    let mut cases: Vec<(String, Change, &str)> = vec![
        ("aud".into(), claim("aud", json!("another")), "AUTH_TOKEN_INVALID"),
        ("aud list".into(), claim("aud", json!(["balcao"])), "AUTH_TOKEN_INVALID"),
        ("iss".into(), claim("iss", json!("https://evil.example")), "AUTH_TOKEN_INVALID"),
        ("future iat".into(), claim("iat", json!(now + 61)), "AUTH_TOKEN_INVALID"),
        ("future nbf".into(), claim("nbf", json!(now + 61)), "AUTH_TOKEN_INVALID"),
        ("old iat".into(), claim("iat", json!(now - 86_401)), "AUTH_TOKEN_INVALID"),
        ("over".into(), claim("exp", json!(now)), "AUTH_TOKEN_EXPIRED"),
        ("typ JWT".into(), Box::new(|_, header| header.typ = Some("JWT".into())), "AUTH_TOKEN_INVALID"),
        ("no typ".into(), Box::new(|_, header| header.typ = None), "AUTH_TOKEN_INVALID"),
        ("no kid".into(), Box::new(|_, header| header.kid = None), "AUTH_TOKEN_INVALID"),
        ("another session".into(), claim("sid", json!(ana.membership_id)), "AUTH_SESSION_REVOKED"),
    ];
    for name in ["iss", "aud", "sub", "org", "mid", "sid", "jti", "iat", "nbf", "exp"] {
        cases.push((format!("without {name}"), without(name), "AUTH_TOKEN_INVALID"));
    }
    for (name, change, code) in &cases {
        let answer = house.get("/api/users/me", &sign(&|claims, header| change(claims, header))).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (401, *code), "{name}");
    }
    // A clock that is a little ahead is forgiven.
    house.validate(&sign(&|claims, _| claims["iat"] = json!(now + 60))).await.ok();
    let over = house.validate(&sign(&|claims, _| claims["exp"] = json!(now - 1))).await.is(401, "AUTH_TOKEN_EXPIRED");
    assert_eq!(over.body["refresh_required"], true);
}

#[tokio::test]
async fn check_05_keys_turn_over_under_load_without_a_single_refusal() {
    let house = House::alone().await;
    let other = house.another_node();
    let ana = house.user("agent").await;
    let first = house.login(&ana.email).await;
    let mut refresh = first.text("refresh_token");
    let mut tokens = vec![first.text("access_token")];
    let kids = async || {
        let answer = house.send(Method::GET, "/.well-known/jwks.json", &[], None).await.ok();
        assert_eq!(answer.header("cache-control"), "public, max-age=300");
        answer.body["keys"].as_array().unwrap().len()
    };
    assert_eq!(kids().await, 1);
    // Two turnovers by command, with an hour between publishing and signing.
    for step in 0..60 {
        if step == 5 || step == 30 {
            house.identity.rotate_signing_keys(Rotation::Now).await.unwrap();
            assert!(kids().await >= 2, "published before it signs");
        }
        house.advance(Duration::minutes(5));
        house.identity.rotate_signing_keys(Rotation::WhenDue).await.unwrap();
        // Each node serves with what it knows, and tokens of either are good on both.
        let node = if step % 2 == 0 { &house } else { &other };
        let pair = node.refresh(&refresh).await.ok();
        refresh = pair.text("refresh_token");
        tokens.push(pair.text("access_token"));
        let young = &tokens[tokens.len().saturating_sub(3)..];
        for (token, node) in young.iter().flat_map(|token| [(token, &house), (token, &other)]) {
            node.validate(token).await.ok();
        }
    }
    let used: std::collections::BTreeSet<String> =
        tokens.iter().map(|token| parts(token).0["kid"].to_string()).collect();
    assert_eq!(used.len(), 3, "three keys signed");
    house.advance(Duration::hours(3));
    house.identity.rotate_signing_keys(Rotation::WhenDue).await.unwrap();
    assert_eq!(kids().await, 1, "retired ones are gone");
}

#[tokio::test]
async fn keys_turn_over_by_themselves_after_ninety_days() {
    let house = House::alone().await;
    let count =
        async |state: &str| house.count(format!("select count(*) from signing_keys where state = '{state}'")).await;
    house.identity.rotate_signing_keys(Rotation::WhenDue).await.unwrap();
    house.advance(Duration::days(89));
    house.identity.rotate_signing_keys(Rotation::WhenDue).await.unwrap();
    assert_eq!((count("active").await, count("pending").await), (1, 0));
    house.advance(Duration::hours(23));
    house.identity.rotate_signing_keys(Rotation::WhenDue).await.unwrap();
    assert_eq!((count("active").await, count("pending").await), (1, 1), "published an hour before");
    house.advance(Duration::hours(1));
    house.identity.rotate_signing_keys(Rotation::WhenDue).await.unwrap();
    assert_eq!((count("active").await, count("retiring").await, count("pending").await), (1, 1, 0));
    house.advance(Duration::minutes(75));
    house.identity.rotate_signing_keys(Rotation::WhenDue).await.unwrap();
    assert_eq!((count("active").await, count("retiring").await, count("retired").await), (1, 0, 1));
}

#[tokio::test]
async fn an_emergency_drops_tokens_at_once_and_clients_only_refresh() {
    let house = House::alone().await;
    let ana = house.user("agent").await;
    let answer = house.login(&ana.email).await;
    house.validate(&answer.text("access_token")).await.ok();
    house.identity.rotate_signing_keys(Rotation::Emergency).await.unwrap();
    house.validate(&answer.text("access_token")).await.is(401, "AUTH_TOKEN_INVALID");
    let pair = house.refresh(&answer.text("refresh_token")).await.ok();
    house.validate(&pair.text("access_token")).await.ok();
    // A node that has not heard of the new key reads it when its first token comes.
    house.another_node().validate(&pair.text("access_token")).await.ok();
    let told = "select count(*) from events where kind = 'auth.signing_key_rotated' and (data->>'emergency')::boolean";
    assert_eq!(house.count(told.to_owned()).await, 1);
}

#[tokio::test]
async fn another_node_hears_of_an_emergency_within_two_seconds() {
    let house = House::alone().await;
    let elsewhere = house.another_node();
    let ana = house.user("agent").await;
    let token = house.access_token(&ana.email).await;
    elsewhere.validate(&token).await.ok();
    house.identity.rotate_signing_keys(Rotation::Emergency).await.unwrap();
    let since = std::time::Instant::now();
    while elsewhere.validate(&token).await.status != 401 {
        assert!(since.elapsed().as_secs_f64() < 2.0, "a dropped key is still good there");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn many_nodes_that_start_at_once_agree_on_one_key() {
    let house = House::alone().await;
    let nodes: Vec<House> = (0..4).map(|_| house.another_node()).collect();
    let asked = futures_util::future::join_all(
        nodes.iter().map(|node| async { node.send(Method::GET, "/.well-known/jwks.json", &[], None).await.ok().body }),
    )
    .await;
    assert!(asked.iter().all(|jwks| *jwks == asked[0] && jwks["keys"].as_array().unwrap().len() == 1), "{asked:?}");
    let sealed = "select count(*) from signing_keys where position('\\x30818702'::bytea in private_sealed) > 0";
    assert_eq!(house.count(sealed.to_owned()).await, 0, "private keys are not readable in the database");
}
