use super::*;
use proptest::prelude::*;
use std::time::{Duration, Instant};

fn password(text: &str) -> Result<Password, Error> {
    Password::parse(&SecretString::from(text))
}

fn weakness(text: &str) -> Option<&'static str> {
    let about = About {
        email: "ana.souza@bemestar.com.br",
        name: "Ana Conceição Souza",
        organization_name: "Clínica Bem-Estar",
        organization_slug: "bem-estar",
        ..About::default()
    };
    password(text).unwrap().check_strength(&about).err().map(|error| error.code())
}

#[test]
fn at_most_72_bytes_after_normalisation() {
    assert!(password(&"x".repeat(72)).is_ok());
    assert_eq!(password(&"x".repeat(73)).err().unwrap().code(), "PASSWORD_TOO_LONG");
    // 25 characters of three bytes each.
    assert_eq!(password(&"€".repeat(25)).err().unwrap().code(), "PASSWORD_TOO_LONG");
    assert_eq!(password("abc\0defghij").err().unwrap().code(), "PASSWORD_INVALID");
}

#[test]
fn common_short_and_personal_passwords_are_refused() {
    assert_eq!(weakness("curta-9ab"), Some("PASSWORD_TOO_SHORT"));
    for weak in ["password123", "PASSWORD123", "1234567890", "senha123456", "aaaaaaaaaaaa"] {
        assert_eq!(weakness(weak), Some("PASSWORD_WEAK"), "{weak}");
    }
    for weak in
        ["clinicabemestar2026", "Clínica Bem-Estar!", "xx-bemestar-99", "ana.souza-segredo", "AnaConceicaoSouza"]
    {
        assert_eq!(weakness(weak), Some("PASSWORD_WEAK"), "{weak}");
    }
    for good in ["tres-tigres-tristes", "correto cavalo bateria", "😀😀😎😎🤖🤖👾👾🎃🎃"] {
        assert_eq!(weakness(good), None, "{good}");
    }
}

#[test]
fn the_list_is_sorted_so_that_every_line_is_found() {
    let mut lines = 0;
    for line in COMMON.lines() {
        assert!(is_common(line), "{line}");
        lines += 1;
    }
    assert!(lines > 10_000);
    assert!(!is_common("") && !is_common("zzzzzzzzzzzzzzzz") && !is_common("0"));
}

#[test]
fn the_stand_in_hash_is_readable_and_of_the_same_cost() {
    // An unreadable one would answer at once and tell that nobody has this e-mail.
    assert!(!bcrypt::verify("anything", NOBODY).unwrap());
    assert_eq!(&NOBODY[..7], "$2b$12$");
}

#[tokio::test]
async fn hashes_have_cost_12_and_only_the_right_password_fits() {
    let pool = HashPool::new(1, 8).unwrap();
    let hash = pool.hash(password("tres-tigres-tristes").unwrap()).await.unwrap();
    assert!(hash.as_str().starts_with("$2b$12$"), "{}", &hash.as_str()[..7]);
    // U+FB01 is normalised to "fi": the same password typed on another keyboard.
    let ask = async |typed: &str, stored: Option<&PasswordHash>| {
        pool.verify(pool.place().unwrap(), Some(password(typed).unwrap()), stored.cloned()).await.unwrap()
    };
    // At once, so that some are checked together: everybody gets his own answer.
    let (right, wrong, nobody, again) = tokio::join!(
        ask("tres-tigres-tristes", Some(&hash)),
        ask("tres-tigres-triste", Some(&hash)),
        ask("tres-tigres-tristes", None),
        ask("tres-tigres-tristes", Some(&hash)),
    );
    assert!(matches!(right, Verdict::Right { better: None }) && matches!(again, Verdict::Right { better: None }));
    assert!(matches!(wrong, Verdict::Wrong) && matches!(nobody, Verdict::Wrong));
}

#[test]
fn what_is_checked_together_fits_as_it_does_alone() {
    let typed: Vec<Password> = ["a", "tres-tigres-tristes", "ação-ção", &"x".repeat(71), &"x".repeat(72)]
        .map(|text| password(text).unwrap())
        .into();
    let mut stored: Vec<PasswordHash> = Vec::new();
    for (cost, password) in [4, 5, 4, 4, 4].into_iter().zip(&typed) {
        stored.push(PasswordHash(bcrypt::hash(password.0.expose_secret(), cost).unwrap()));
    }
    stored.push(PasswordHash("$2b$04$unreadable".to_owned()));
    stored.push(PasswordHash(stored[0].as_str().replace("$04$", "$03$")));
    for typed in &typed {
        let pairs: Vec<_> = stored.iter().map(|stored| (typed, stored)).collect();
        let alone = |stored: &PasswordHash| bcrypt::verify(typed.0.expose_secret(), stored.as_str()).unwrap_or(false);
        assert_eq!(check::fit(&pairs), stored.iter().map(alone).collect::<Vec<_>>());
        assert_eq!(check::fit(&pairs).iter().filter(|fits| **fits).count(), 1);
    }
    assert!(check::fit(&[]).is_empty());
}

/// Vectors of jBCrypt (Mindrot), as the crate has them.
#[test]
fn known_results_come_out() {
    for (typed, stored) in [
        ("", "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s."),
        ("a", "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"),
        ("abcdefghijklmnopqrstuvwxyz", "$2a$08$aTsUwsyowQuzRrDqFflhgekJ8d9/7Z3GV3UcgvzQW3J5zMyrTvlz."),
    ] {
        assert_eq!(check::fit(&[(&password(typed).unwrap(), &PasswordHash(stored.to_owned()))]), [true], "{typed}");
    }
}

#[tokio::test]
async fn a_hash_of_lower_cost_is_replaced_when_the_password_is_right() {
    let pool = HashPool::new(1, 8).unwrap();
    let old = PasswordHash(bcrypt::hash("tres-tigres-tristes", 5).unwrap());
    let Verdict::Right { better: Some(better) } =
        pool.verify(pool.place().unwrap(), Some(password("tres-tigres-tristes").unwrap()), Some(old)).await.unwrap()
    else {
        panic!("a better hash was due")
    };
    assert!(better.as_str().starts_with("$2b$12$"));
}

#[tokio::test]
async fn a_full_waiting_room_answers_at_once() {
    let pool = HashPool::new(1, 2).unwrap();
    let typed = password("tres-tigres-tristes").unwrap();
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (pool, typed) = (pool.clone(), typed.clone());
        waiting.spawn(async move {
            let started = Instant::now();
            let answer = match pool.place() {
                Ok(place) => pool.verify(place, Some(typed), None).await.map(drop),
                Err(error) => Err(error),
            };
            (answer.err(), started.elapsed())
        });
    }
    let (mut refused, mut done) = (0, 0);
    while let Some(answer) = waiting.join_next().await {
        match answer.unwrap() {
            (Some(error), took) => {
                assert_eq!((error.code(), error.kind()), ("AUTH_BUSY", ErrorKind::Unavailable));
                assert!(error.retry_after_ms().is_some());
                assert!(took < Duration::from_millis(50), "{took:?}");
                refused += 1;
            }
            (None, _) => done += 1,
        }
    }
    assert!((2..=4).contains(&done), "one hashes, two wait: {done} done");
    assert_eq!(refused + done, 12);
}

#[tokio::test]
async fn work_of_callers_who_left_is_not_done() {
    let pool = HashPool::new(1, 50).unwrap();
    let done = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let (go, gate) = std::sync::mpsc::channel::<()>();
    let first = pool.run(move || gate.recv().is_ok());
    tokio::pin!(first);
    // The one thread is busy; the rest come into the room, polled once, and leave again.
    assert!(tokio::time::timeout(Duration::ZERO, &mut first).await.is_err());
    for _ in 0..40 {
        let done = done.clone();
        let gone = pool.run(move || done.fetch_add(1, std::sync::atomic::Ordering::SeqCst));
        assert!(tokio::time::timeout(Duration::ZERO, gone).await.is_err());
    }
    go.send(()).unwrap();
    assert!(first.await.unwrap());
    // Behind them all: when it is its turn, theirs has passed.
    pool.run(|| ()).await.unwrap();
    assert_eq!(done.load(std::sync::atomic::Ordering::SeqCst), 0);
}

/// The hashing threads give way to those that answer requests.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn hashing_threads_are_nice() {
    fn nice() -> i32 {
        // The 19th field, counted after the name in parentheses (proc(5)).
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        stat.rsplit(')').next().unwrap().split_whitespace().nth(16).unwrap().parse().unwrap()
    }
    let pool = HashPool::new(1, 1).unwrap();
    let theirs = pool.run(nice).await.unwrap();
    assert_eq!(theirs, (nice() + 2).min(19));
}

proptest! {
    #[test]
    fn different_passwords_stay_different_up_to_the_limit(a in "[a-z]{1,72}", b in "[a-z]{1,72}") {
        // Nothing is cut: what is hashed is what was typed.
        let (pa, pb) = (password(&a).unwrap(), password(&b).unwrap());
        prop_assert_eq!(a == b, pa.0.expose_secret() == pb.0.expose_secret());
    }

    #[test]
    fn any_text_is_taken_or_refused_without_panic(text in "\\PC*") {
        if let Ok(parsed) = password(&text) {
            let _ = parsed.check_strength(&About::default());
        }
    }
}
