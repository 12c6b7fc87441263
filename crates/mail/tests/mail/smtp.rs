//! A real SMTP server: what it takes, and what its refusals mean.

use crate::support::{SmtpServer, letter, mailer, now, readable};
use mail::{SendError, Way};
use std::time::Duration;
use uuid::Uuid;

#[tokio::test]
async fn a_letter_arrives_in_a_real_server() {
    let mut server = SmtpServer::start(&[]).await;
    let mailer = mailer(Way::smtp(&server.url()).unwrap(), Duration::from_secs(20));
    for n in 0..3 {
        mailer.send(&letter("ana@clinica.example"), Uuid::from_u128(n), now()).await.unwrap();
        let mail = server.next().await;
        assert_eq!((&mail["from"], &mail["to"][0]), (&"no-reply@desk.example".into(), &"ana@clinica.example".into()));
        let text = readable(mail["raw"].as_str().unwrap());
        assert!(text.contains("https://desk.example/link/magic-link#segredo-do-link"), "{text}");
        assert!(text.contains("Content-Type: text/html") && text.contains("Content-Type: text/plain"));
    }
}

#[tokio::test]
async fn refusals_are_for_good_or_for_now() {
    let server = SmtpServer::start(&[]).await;
    let way = || Way::smtp(&server.url()).unwrap();
    let patient = mailer(way(), Duration::from_secs(20));
    let refused = patient.send(&letter("refused@clinica.example"), Uuid::nil(), now()).await;
    assert!(matches!(&refused, Err(SendError::Permanent(code)) if code == "550"), "{refused:?}");
    let busy = patient.send(&letter("busy@clinica.example"), Uuid::nil(), now()).await;
    assert!(matches!(&busy, Err(SendError::Temporary(code)) if code == "450"), "{busy:?}");
    // A server that says nothing any more holds nobody up: the whole send is limited, not only the connection.
    let hasty = mailer(way(), Duration::from_millis(300));
    let slow = hasty.send(&letter("slow@clinica.example"), Uuid::nil(), now()).await;
    assert!(matches!(&slow, Err(SendError::Temporary(_))), "{slow:?}");
}

#[tokio::test]
async fn a_server_that_is_away_or_wants_another_password_is_tried_again() {
    let away = mailer(Way::smtp("smtp://127.0.0.1:1").unwrap(), Duration::from_secs(5));
    let sent = away.send(&letter("ana@clinica.example"), Uuid::nil(), now()).await;
    assert!(matches!(sent, Err(SendError::Temporary(_))), "{sent:?}");

    let mut server = SmtpServer::start(&["--login"]).await;
    let as_user = |password: &str| {
        let url = format!("smtp://mailer:{password}@127.0.0.1:{}", server.port);
        mailer(Way::smtp(&url).unwrap(), Duration::from_secs(20))
    };
    let (wrong, right) = (as_user("wrong"), as_user("secret"));
    let sent = wrong.send(&letter("ana@clinica.example"), Uuid::nil(), now()).await;
    assert!(matches!(&sent, Err(SendError::Temporary(_))), "{sent:?}");
    assert!(!format!("{sent:?}").contains("ana@"), "no address in what is logged");
    right.send(&letter("ana@clinica.example"), Uuid::nil(), now()).await.unwrap();
    assert_eq!(server.next().await["to"][0], "ana@clinica.example");
}

#[test]
fn addresses_of_servers_are_checked_when_they_are_read() {
    for good in ["smtp://localhost:25", "smtps://user:p%40ss@mail.example", "smtp://u:p@mail.example:587?tls=required"]
    {
        assert!(Way::smtp(good).is_ok(), "{good}");
    }
    for bad in ["", "mail.example", "http://mail.example", "smtp://"] {
        assert!(Way::smtp(bad).is_err(), "{bad}");
    }
}
