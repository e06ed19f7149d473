//! What stands before the frameworks, on real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed expectation is the test's own report, in its helpers too"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use countersign_pages::{Site, TemplateSource, Templates};
use countersign_reference::front::{Front, Gate, Work};
use countersign_web::proxy::{ProxyHeader, TrustedProxies};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, sleep, timeout};

/// Accepts connections, and gives each as a framework would get it.
async fn front(proxies: &str) -> (SocketAddr, UnboundedReceiver<Gate>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let templates = Arc::new(Templates::new(&TemplateSource::Embedded, "Test").unwrap());
    let proxies = TrustedProxies::parse(proxies, ProxyHeader::XForwardedFor).unwrap();
    let work = Work::new(Arc::new(Site::new(Vec::new(), templates)), proxies, 1);
    let (sender, gates) = unbounded_channel();
    tokio::spawn(async move {
        let connect = |accepted: countersign_reference::front::Accepted| drop(sender.send(accepted.gate()));
        Front::new().run(listener, &work, std::future::pending(), connect).await;
    });
    (address, gates)
}

async fn connect(from: &str, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(from.parse().unwrap(), 0)).unwrap();
    socket.connect(to).await.unwrap()
}

async fn is_closed(stream: &mut TcpStream) -> bool {
    matches!(timeout(Duration::from_millis(200), stream.read(&mut [0])).await, Ok(Ok(0) | Err(_)))
}

/// So many of one address: which are open, and what the server has of them.
async fn many(count: usize, proxies: &str) -> (SocketAddr, UnboundedReceiver<Gate>, Vec<TcpStream>, Vec<Gate>) {
    let (address, mut gates) = front(proxies).await;
    let mut streams = Vec::new();
    for _ in 0..count {
        streams.push(connect("127.0.0.2", address).await);
    }
    let mut held = Vec::new();
    while let Ok(Some(gate)) = timeout(Duration::from_millis(200), gates.recv()).await {
        held.push(gate);
    }
    (address, gates, streams, held)
}

#[tokio::test]
async fn one_network_holds_an_eighth_of_all_connections_and_others_are_served() {
    let (address, mut gates, mut streams, mut held) = many(130, "").await;
    assert_eq!(held.len(), 128);
    assert!(!is_closed(&mut streams[127]).await);
    assert!(is_closed(&mut streams[128]).await && is_closed(&mut streams[129]).await, "at once, not in the queue");
    let mut other = connect("127.0.0.3", address).await;
    assert!(gates.recv().await.is_some() && is_closed(&mut other).await, "the gate was dropped, so it ended");
    drop(held.pop());
    let _again = connect("127.0.0.2", address).await;
    assert!(timeout(Duration::from_secs(5), gates.recv()).await.unwrap().is_some(), "a place of the share is free");
}

#[tokio::test]
async fn a_trusted_proxy_stands_for_many_and_has_no_share() {
    let (_, _gates, _streams, held) = many(130, "127.0.0.2").await;
    assert_eq!(held.len(), 130);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_an_answer_drop_by_drop_loses_its_place() {
    let (address, mut gates) = front("").await;
    let mut slow = connect("127.0.0.2", address).await;
    let mut gate = gates.recv().await.unwrap();
    let began = Instant::now();
    let answer = tokio::spawn(async move {
        // More than the system takes by itself.
        loop {
            if let Err(error) = gate.write_all(&[0; 64 * 1024]).await {
                return (error.kind(), Instant::now());
            }
        }
    });
    let mut taken = 0;
    while !answer.is_finished() && taken < 20 {
        // As much as wakes a writer that waits.
        let mut drops = vec![0; 8 * 1024 * 1024];
        let _ = slow.read_exact(&mut drops).await;
        taken += 1;
        sleep(Duration::from_secs(9)).await;
    }
    assert!(answer.is_finished(), "it would have gone on for ever");
    let (kind, ended) = answer.await.unwrap();
    assert_eq!(kind, std::io::ErrorKind::TimedOut);
    let lasted = ended - began;
    assert!((60..70).contains(&lasted.as_secs()), "{lasted:?}");
}
