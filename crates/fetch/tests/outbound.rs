//! What a server may find out about us, and what it may make us do.

#![expect(clippy::unwrap_used, reason = "a test reports by failing")]
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use countersign_fetch::{Limits, OutboundHttp};
use countersign_jose::remote;
use countersign_storage::{Destination, Fetch, FetchError, Fetched};
use http::{Request, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;

/// A server that gives every connection the same answer and keeps what it was sent.
struct Server {
    url: Url,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn answering(answer: &'static str) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/document?q=1", listener.local_addr().unwrap()).parse().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = vec![0; 16 * 1024];
                let length = stream.read(&mut head).await.unwrap();
                seen.lock().unwrap().push(String::from_utf8_lossy(&head[..length]).into_owned());
                // An early end on the client's side is what some of the tests are about.
                let _ = stream.write_all(answer.as_bytes()).await;
                if answer.is_empty() {
                    // Keeps the connection open and says nothing.
                    std::future::pending::<()>().await;
                }
            }
        });
        Server { url, heads }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

async fn get(server: &Server, limits: Limits) -> Result<Fetched, FetchError> {
    OutboundHttp::new(limits).unwrap().get(&server.url, Destination::Operator).await
}

#[tokio::test]
async fn a_document_is_fetched_whole() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-a: b\r\n\r\n{}").await;
    let fetched = get(&server, Limits::default()).await.unwrap();
    assert_eq!((fetched.status, fetched.body.as_ref()), (StatusCode::OK, b"{}".as_slice()));
    assert_eq!(fetched.headers["x-a"], "b");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let trap = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        let answer = format!("HTTP/1.1 {status}\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", trap.url);
        let server = Server::answering(answer.leak()).await;
        let fetched = get(&server, Limits::default()).await.unwrap();
        assert!(fetched.status.is_redirection(), "{status}");
        assert_eq!(trap.heads(), Vec::<String>::new(), "{status} was followed");
    }
}

#[tokio::test]
async fn a_request_carries_nothing_but_the_document_it_asks_for() {
    let server =
        Server::answering("HTTP/1.1 200 OK\r\nset-cookie: a=b\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
    let fetch = OutboundHttp::new(Limits::default()).unwrap();
    let mut url = server.url.clone();
    url.set_fragment(Some("secret"));
    for _ in 0..2 {
        fetch.get(&url, Destination::Operator).await.unwrap();
    }
    let authority = format!("127.0.0.1:{}", server.url.port().unwrap());
    for head in server.heads() {
        let mut lines = head.trim_end().lines();
        assert_eq!(lines.next(), Some("GET /document?q=1 HTTP/1.1"));
        let mut headers: Vec<String> = lines.map(str::to_ascii_lowercase).collect();
        headers.sort();
        assert_eq!(headers, ["accept: application/json", "connection: close", &format!("host: {authority}")]);
    }
    assert_eq!(server.heads().len(), 2);
}

#[tokio::test]
async fn a_body_over_the_bound_is_refused_however_it_is_framed() {
    let answers = [
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n12345",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n123\r\n2\r\n45\r\n0\r\n\r\n",
    ];
    for answer in answers {
        let server = Server::answering(answer).await;
        let limits = |body| Limits { body, ..Limits::default() };
        assert_eq!(get(&server, limits(4)).await.unwrap_err(), FetchError::TooLarge, "{answer}");
        assert_eq!(get(&server, limits(5)).await.unwrap().body, "12345", "{answer}");
    }
}

#[tokio::test]
async fn a_body_that_ends_early_is_no_document() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 50\r\nconnection: close\r\n\r\n{}").await;
    assert!(matches!(get(&server, Limits::default()).await, Err(FetchError::Connection(_))));
}

// Time stands still until nothing else can happen, then jumps: no test waits.
#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_not_waited_for() {
    let server = Server::answering("").await;
    let limits = Limits { time: Duration::from_secs(3_600), ..Limits::default() };
    assert_eq!(get(&server, limits).await.unwrap_err(), FetchError::TimedOut);
}

#[tokio::test]
async fn nobody_listening_is_a_broken_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let fetch = OutboundHttp::new(Limits::default()).unwrap();
    let result = fetch.get(&url, Destination::Operator).await;
    assert!(matches!(result, Err(FetchError::Connection(_))), "{result:?}");
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    // A server that does not even speak TLS stands in for every failed handshake: nothing is sent before it succeeds.
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
    let url: Url = server.url.as_str().replace("http://", "https://").parse().unwrap();
    let fetch = OutboundHttp::with_anchors([], Limits::default()).unwrap();
    assert!(matches!(fetch.get(&url, Destination::Operator).await, Err(FetchError::Connection(_))));
    assert!(server.heads().iter().all(|head| !head.contains("document")), "the path was sent in the clear");
}

#[tokio::test]
async fn a_request_of_another_method_carries_its_headers_and_body() {
    let server = Server::answering("HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n").await;
    let request = Request::post(server.url.as_str())
        .header("authorization", "Basic YTpi")
        .header("host", "somebody.else")
        .body(Bytes::from_static(b"a=b"))
        .unwrap();
    let fetched = OutboundHttp::new(Limits::default()).unwrap().send(request).await.unwrap();
    assert_eq!(fetched.status, StatusCode::CREATED);
    let head = server.heads().remove(0).to_ascii_lowercase();
    assert!(head.starts_with("post /document?q=1 http/1.1\r\n"), "{head}");
    assert!(head.contains("authorization: basic ytpi\r\n"), "{head}");
    assert!(!head.contains("somebody.else"), "{head}");
    assert!(head.ends_with("a=b"), "{head}");
}

/// A proxy variable is process-wide, so the fetch runs in a process of its own: this test, started again.
#[tokio::test]
async fn proxy_variables_of_the_environment_are_ignored() {
    const CHILD: &str = "COUNTERSIGN_FETCH_TEST_URL";
    if let Ok(url) = std::env::var(CHILD) {
        let fetch = OutboundHttp::new(Limits::default()).unwrap();
        assert_eq!(fetch.get(&url.parse().unwrap(), Destination::Operator).await.unwrap().status, 200);
        return;
    }
    let trap = Server::answering("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n").await;
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "proxy_variables_of_the_environment_are_ignored"]).env(CHILD, server.url.as_str());
    for variable in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        child.env(variable, trap.url.as_str());
    }
    let output = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!((server.heads().len(), trap.heads().len()), (1, 0));
}

/// RFC 9110 §13.1.2: a document that is held already is asked for with its tag, and the answer brings what caching asks for.
#[tokio::test]
async fn a_verifier_asks_for_what_it_has_with_its_tag() {
    let server =
        Server::answering("HTTP/1.1 304 Not Modified\r\netag: \"v1\"\r\ncache-control: max-age=60\r\n\r\n").await;
    let fetch = OutboundHttp::new(Limits::default()).unwrap();
    let expected =
        remote::Fetched::new(304, "").with_header("ETag", "\"v1\"").with_header("Cache-Control", "max-age=60");
    assert_eq!(remote::Fetch::get(&fetch, &server.url, Some("\"v1\"")).await, Ok(expected.clone()));
    assert_eq!(remote::Fetch::get(&fetch, &server.url, None).await, Ok(expected));
    let heads = server.heads();
    assert!(heads[0].to_ascii_lowercase().contains("\r\nif-none-match: \"v1\"\r\n"), "{}", heads[0]);
    assert!(!heads[1].to_ascii_lowercase().contains("if-none-match"), "{}", heads[1]);
}

/// The bounds are those of the other port.
#[tokio::test]
async fn a_verifier_is_told_what_went_wrong() {
    let fetch = OutboundHttp::new(Limits { body: 4, time: Duration::from_millis(200) }).unwrap();
    let large = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n12345").await;
    assert_eq!(remote::Fetch::get(&fetch, &large.url, None).await, Err(remote::FetchError::TooLarge));
    let silent = Server::answering("").await;
    assert_eq!(remote::Fetch::get(&fetch, &silent.url, None).await, Err(remote::FetchError::TimedOut));
    let refused = remote::Fetch::get(&fetch, &"http://as.test/".parse().unwrap(), None).await;
    assert!(matches!(refused, Err(remote::FetchError::Refused(_))), "{refused:?}");
}
