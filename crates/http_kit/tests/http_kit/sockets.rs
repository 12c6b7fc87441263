//! The accept loop over real sockets: whoever drags is cut, whoever works is not.

use crate::support::House;
use axum::Router;
use http_kit::{Server, ServerSettings};
use std::future::Future;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Nothing in these tests may take longer.
const DEADLINE: Duration = Duration::from_secs(20);

struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    server: JoinHandle<usize>,
}

async fn start(settings: ServerSettings, router: Router) -> Running {
    let server = Server::bind(ServerSettings { listen: ([127, 0, 0, 1], 0).into(), ..settings }).await.unwrap();
    let address = server.local_addr().unwrap();
    let stop = CancellationToken::new();
    #[expect(clippy::disallowed_methods, reason = "the test owns the task and joins it")]
    let server = tokio::spawn(server.serve(router, stop.clone()));
    Running { address, stop, server }
}

fn quick() -> ServerSettings {
    ServerSettings {
        header_timeout: Duration::from_millis(300),
        idle_timeout: Duration::from_millis(700),
        body_stall: Duration::from_millis(300),
        body_rate: 1_000,
        ..ServerSettings::default()
    }
}

async fn connect(running: &Running) -> TcpStream {
    TcpStream::connect(running.address).await.unwrap()
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, work).await.expect("it hangs")
}

/// Everything until the server closes, and how long that took.
async fn until_closed(stream: &mut TcpStream) -> (String, Duration) {
    let began = Instant::now();
    let mut bytes = Vec::new();
    // A reset is a way of closing too.
    let _ = within(stream.read_to_end(&mut bytes)).await;
    (String::from_utf8_lossy(&bytes).into_owned(), began.elapsed())
}

/// One answer with a length, leaving the connection open.
async fn one_answer(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    within(async {
        let mut byte = [0; 1];
        while !text.ends_with("\r\n\r\n") {
            stream.read_exact(&mut byte).await.unwrap();
            text.push(char::from(byte[0]));
        }
        let length = text
            .to_lowercase()
            .split("content-length: ")
            .nth(1)
            .map(|rest| rest.split("\r\n").next().unwrap().to_owned());
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        stream.read_exact(&mut body).await.unwrap();
        text.push_str(&String::from_utf8_lossy(&body));
    })
    .await;
    text
}

/// Waits as long as a head may take, and by the server's own clock: until one that sends none is cut.
async fn a_heads_time(running: &Running) {
    let (text, _) = until_closed(&mut connect(running).await).await;
    assert_eq!(text, "");
}

const HEAD: &str = "GET /health/live HTTP/1.1\r\nhost: x\r\n";

#[tokio::test]
async fn slow_heads_are_cut() {
    let running = start(quick(), House::new().router).await;
    // Nothing at all, and a byte now and then: both end, however busily the second one trickles.
    let mut silent = connect(&running).await;
    let (text, took) = until_closed(&mut silent).await;
    assert_eq!(text, "");
    assert!(took < Duration::from_secs(5), "{took:?}");

    let mut trickling = connect(&running).await;
    let began = Instant::now();
    let cut = within(async {
        trickling.write_all(b"GET /health/live HTTP/1.1\r\n").await.unwrap();
        loop {
            if trickling.write_all(b"a").await.is_err() {
                break began.elapsed();
            }
            let mut byte = [0; 1];
            // Reading with a limit is the pace of the trickle, not a wait for something to happen.
            if let Ok(Ok(0) | Err(_)) = tokio::time::timeout(Duration::from_millis(20), trickling.read(&mut byte)).await
            {
                break began.elapsed();
            }
        }
    })
    .await;
    assert!(cut >= Duration::from_millis(250) && cut < Duration::from_secs(5), "{cut:?}");
}

#[tokio::test]
async fn slow_bodies_are_cut_with_an_answer() {
    let running = start(quick(), House::new().router).await;
    let mut stalled = connect(&running).await;
    stalled.write_all(b"POST /api/odd/upload HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nabc").await.unwrap();
    let (text, took) = until_closed(&mut stalled).await;
    assert!(text.starts_with("HTTP/1.1 408") && text.contains("REQUEST_TIMEOUT"), "{text}");
    assert!(took < Duration::from_secs(5), "{took:?}");

    // Never still for long, but far below the rate.
    let mut dripping = connect(&running).await;
    dripping.write_all(b"POST /api/odd/upload HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n").await.unwrap();
    let answer = within(async {
        let mut bytes = Vec::new();
        loop {
            let _ = dripping.write_all(b"x").await;
            let mut buffer = [0; 4_096];
            match tokio::time::timeout(Duration::from_millis(20), dripping.read(&mut buffer)).await {
                Ok(Ok(0) | Err(_)) => break bytes,
                Ok(Ok(read)) => bytes.extend_from_slice(&buffer[..read]),
                Err(_) => {}
            }
        }
    })
    .await;
    assert!(answer.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn a_brisk_body_passes_though_it_takes_longer_than_the_stall() {
    let running = start(quick(), House::new().router).await;
    let mut client = connect(&running).await;
    // The silent one says when the stall is over: a head may take as long.
    let mut silent = connect(&running).await;
    client.write_all(b"POST /api/odd/upload HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n").await.unwrap();
    let chunk = format!("1388\r\n{}\r\n", "y".repeat(5_000));
    let sent = within(async {
        let mut sent = 0;
        loop {
            client.write_all(chunk.as_bytes()).await.unwrap();
            sent += 5_000;
            let mut byte = [0; 1];
            // Reading with a limit is the pace of the client, not a wait for something to happen.
            if tokio::time::timeout(Duration::from_millis(60), silent.read(&mut byte)).await.is_ok() {
                break sent;
            }
        }
    })
    .await;
    client.write_all(b"0\r\n\r\n").await.unwrap();
    let answer = one_answer(&mut client).await;
    assert!(sent > 5_000 && answer.starts_with("HTTP/1.1 200") && answer.ends_with(&sent.to_string()), "{answer}");
}

#[tokio::test]
async fn connections_are_kept_for_more_requests_and_closed_when_idle() {
    let running = start(quick(), House::new().router).await;
    let mut client = connect(&running).await;
    for _ in 0..3 {
        client.write_all(format!("{HEAD}\r\n").as_bytes()).await.unwrap();
        assert!(one_answer(&mut client).await.starts_with("HTTP/1.1 200"));
        // Longer than a head may take, shorter than a pause may last.
        a_heads_time(&running).await;
    }
    let (text, took) = until_closed(&mut client).await;
    assert_eq!(text, "");
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test]
async fn connections_beyond_the_limit_are_turned_away() {
    let settings = ServerSettings { max_connections: 8, header_timeout: Duration::from_secs(1), ..quick() };
    let running = start(settings, House::new().router).await;
    let mut idle = Vec::new();
    for _ in 0..8 {
        idle.push(connect(&running).await);
    }
    let mut turned_away = 0;
    for _ in 0..40 {
        let (text, _) = until_closed(&mut connect(&running).await).await;
        turned_away += usize::from(text.starts_with("HTTP/1.1 503"));
    }
    assert_eq!(turned_away, 40);
    // The idle ones are cut, and there is room again.
    for stream in &mut idle {
        until_closed(stream).await;
    }
    let mut client = connect(&running).await;
    client.write_all(format!("{HEAD}\r\n").as_bytes()).await.unwrap();
    assert!(one_answer(&mut client).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn heads_are_limited_and_framing_is_strict() {
    let running = start(ServerSettings::default(), House::new().router).await;
    let many = (0..101).map(|n| format!("x-{n}: 1\r\n")).collect::<String>();
    let cases = [
        (format!("{HEAD}x-long: {}\r\n\r\n", "a".repeat(20_000)), "431"),
        (format!("{HEAD}{many}\r\n"), "431"),
        ("POST /api/odd/upload HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab".into(), "400"),
        (format!("{HEAD}folded: a\r\n b\r\n\r\n"), "400"),
        ("nonsense\r\n\r\n".into(), "400"),
    ];
    for (request, status) in cases {
        let mut client = connect(&running).await;
        client.write_all(request.as_bytes()).await.unwrap();
        let (text, _) = until_closed(&mut client).await;
        assert!(text.starts_with(&format!("HTTP/1.1 {status}")), "{:.60} gave {text:.80}", request);
    }
}

#[tokio::test]
async fn a_stop_lets_running_requests_end_and_takes_no_new_ones() {
    let (go, wait) = (CancellationToken::new(), CancellationToken::new());
    let (released, entered) = (go.clone(), wait.clone());
    let router = House::new().router.route(
        "/held",
        axum::routing::get(move || async move {
            entered.cancel();
            released.cancelled().await;
            "done"
        }),
    );
    let running = start(ServerSettings::default(), router).await;
    let mut idle = connect(&running).await;
    idle.write_all(format!("{HEAD}\r\n").as_bytes()).await.unwrap();
    one_answer(&mut idle).await;
    let mut client = connect(&running).await;
    client.write_all(b"GET /held HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    within(wait.cancelled()).await;
    running.stop.cancel();
    // The idle connection goes at once, new ones are refused.
    until_closed(&mut idle).await;
    within(async { while TcpStream::connect(running.address).await.is_ok() {} }).await;
    go.cancel();
    let (text, _) = until_closed(&mut client).await;
    assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("done"), "{text}");
    assert_eq!(within(running.server).await.unwrap(), 0);
}

#[tokio::test]
async fn a_stop_cuts_what_does_not_end_in_time() {
    let router = House::new().router.route("/held", axum::routing::get(std::future::pending::<String>));
    let running =
        start(ServerSettings { drain: Duration::from_millis(100), ..ServerSettings::default() }, router).await;
    let mut client = connect(&running).await;
    client.write_all(b"GET /held HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    // Served on one thread in turn: once another request is answered, this one has begun.
    let mut other = connect(&running).await;
    other.write_all(format!("{HEAD}\r\n").as_bytes()).await.unwrap();
    one_answer(&mut other).await;
    running.stop.cancel();
    assert_eq!(within(running.server).await.unwrap(), 1);
    assert_eq!(until_closed(&mut client).await.0, "");
}

#[tokio::test]
async fn upgraded_connections_have_no_time_limits() {
    let router = House::new().router.route(
        "/echo",
        axum::routing::get(|mut request: axum::extract::Request| async move {
            let upgrade = hyper::upgrade::on(&mut request);
            #[expect(clippy::disallowed_methods, reason = "ends with the test's connection")]
            tokio::spawn(async move {
                let mut io = hyper_util::rt::TokioIo::new(upgrade.await.unwrap());
                let mut byte = [0; 1];
                while io.read_exact(&mut byte).await.is_ok() {
                    io.write_all(&byte).await.unwrap();
                }
            });
            http::Response::builder()
                .status(101)
                .header("connection", "upgrade")
                .header("upgrade", "echo")
                .body(axum::body::Body::empty())
                .unwrap()
        }),
    );
    let running = start(quick(), router).await;
    let mut client = connect(&running).await;
    client.write_all(b"GET /echo HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n").await.unwrap();
    assert!(one_answer(&mut client).await.starts_with("HTTP/1.1 101"));
    // Longer than any pause that HTTP allows here: one that began later is over.
    let mut idle = connect(&running).await;
    idle.write_all(format!("{HEAD}\r\n").as_bytes()).await.unwrap();
    one_answer(&mut idle).await;
    until_closed(&mut idle).await;
    client.write_all(b"z").await.unwrap();
    let mut byte = [0; 1];
    within(client.read_exact(&mut byte)).await.unwrap();
    assert_eq!(&byte, b"z");
}
