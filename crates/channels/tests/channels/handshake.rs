//! Meta's webhook handshake.

use channels::whatsapp::handshake::{HandshakeError, answer};

use crate::fixtures;

#[test]
fn every_vector_gets_its_answer() {
    let vectors = fixtures::value("verification_requests.json");
    let token = vectors["verify_token"].as_str().unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 5);
    for case in cases {
        let query = case["query"].as_str().unwrap();
        let answer = answer(query, &[token]);
        match case["status"].as_u64().unwrap() {
            200 => assert!(answer.is_ok(), "{query}"),
            403 => assert_eq!(answer, Err(HandshakeError::Forbidden), "{query}"),
            400 => assert_eq!(answer, Err(HandshakeError::BadRequest), "{query}"),
            other => panic!("{other}"),
        }
        if let Some(body) = case["body"].as_str() {
            assert_eq!(answer.as_deref(), Ok(body));
        }
    }
}

#[test]
fn a_script_comes_back_as_it_was_sent_for_the_caller_to_send_as_plain_text() {
    let query = "hub.mode=subscribe&hub.challenge=%3Cscript%3Ealert(1)%3C%2Fscript%3E&hub.verify_token=t";
    assert_eq!(answer(query, &["t"]).as_deref(), Ok("<script>alert(1)</script>"));
}

#[test]
fn either_of_two_tokens_is_good_during_a_rotation() {
    let query = "hub.mode=subscribe&hub.challenge=1&hub.verify_token=old";
    assert!(answer(query, &["new", "old"]).is_ok());
    assert_eq!(answer(query, &["new"]), Err(HandshakeError::Forbidden));
}

#[test]
fn encoded_names_and_tokens_are_decoded() {
    let query = "hub%2Emode=subscribe&hub%2Echallenge=a%20b+c&hub%2Everify_token=s%26o%3Dm%2Be";
    assert_eq!(answer(query, &["s&o=m+e"]).as_deref(), Ok("a b c"));
}

#[test]
fn nothing_is_answered_without_a_secret_of_ours() {
    for query in ["", "hub.mode=subscribe&hub.challenge=1", "hub.mode=subscribe&hub.challenge=1&hub.verify_token="] {
        assert_eq!(answer(query, &[""]), Err(HandshakeError::Forbidden), "{query}");
        assert_eq!(answer(query, &[]), Err(HandshakeError::Forbidden), "{query}");
    }
}

#[test]
fn an_unusable_challenge_is_a_bad_request() {
    let long = "9".repeat(2_000);
    for challenge in ["", "%zz", "%ff", "%4", &long] {
        let query = format!("hub.mode=subscribe&hub.challenge={challenge}&hub.verify_token=t");
        assert_eq!(answer(&query, &["t"]), Err(HandshakeError::BadRequest), "{challenge}");
    }
}

#[test]
fn underscored_names_are_not_the_dotted_ones() {
    let query = "hub_mode=subscribe&hub_challenge=1&hub_verify_token=t";
    assert_eq!(answer(query, &["t"]), Err(HandshakeError::Forbidden));
}
