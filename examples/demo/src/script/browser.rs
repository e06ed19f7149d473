//! A browser without scripts: cookies, redirects, forms. It tells the journal what it sends and what comes back.

use std::collections::BTreeMap;

use bytes::Bytes;
use countersign_fetch::{Limits, OutboundHttp};
use countersign_storage::Fetched;
use http::{HeaderMap, Method, Request, header};
use url::Url;
use url::form_urlencoded::Serializer;

use super::html::Form;
use super::journal::{self, Journal};
use super::page::Page;
use super::told::{Surprise, Told};

/// A browser, and whoever else sends plain HTTP in the script.
pub(crate) struct Browser {
    pub(crate) http: OutboundHttp,
    /// By host name: cookies do not care for ports.
    cookies: BTreeMap<String, BTreeMap<String, String>>,
}

impl Browser {
    pub(crate) fn new() -> Told<Self> {
        let http = OutboundHttp::new(Limits::default()).map_err(|error| Surprise(error.to_string()))?;
        Ok(Browser { http, cookies: BTreeMap::new() })
    }

    /// Opens an address and follows redirects, but not to `stop`.
    pub(crate) async fn open(&mut self, journal: &mut Journal, url: &str, stop: Option<&str>) -> Told<Page> {
        let url = Url::parse(url).map_err(|_| Surprise(format!("{url} is no URL")))?;
        self.follow(journal, Method::GET, url, None, stop).await
    }

    /// Sends a form with the button `answer=…`, where one is named, and follows redirects, but not to `stop`.
    pub(crate) async fn submit(
        &mut self,
        journal: &mut Journal,
        page: &Page,
        mut form: Form,
        button: Option<&str>,
        stop: Option<&str>,
    ) -> Told<Page> {
        if let Some(value) = button {
            let button = form.buttons.iter().find(|(_, known)| known == value).cloned();
            form.fields.push(button.ok_or_else(|| Surprise(format!("{} has no button {value}", page.url.path())))?);
        }
        let url = page.url.join(&form.action).map_err(|_| Surprise(format!("{} is no URL", form.action)))?;
        if form.method != "post" {
            return Err(Surprise(format!("the form for {} is not sent by POST", form.action)));
        }
        self.follow(journal, Method::POST, url, Some(form.fields), stop).await
    }

    /// The cookie of a host, as it would be sent.
    pub(crate) fn cookie_header(&self, host: &str) -> Option<String> {
        let cookies = self.cookies.get(host).filter(|cookies| !cookies.is_empty())?;
        Some(cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; "))
    }

    /// Puts cookies back that were there before.
    pub(crate) fn restore_cookies(&mut self, host: &str, header: &str) {
        let cookies = header.split("; ").filter_map(|pair| pair.split_once('='));
        self.cookies
            .insert(host.to_owned(), cookies.map(|(name, value)| (name.to_owned(), value.to_owned())).collect());
    }

    async fn follow(
        &mut self,
        journal: &mut Journal,
        mut method: Method,
        mut url: Url,
        mut form: Option<Vec<(String, String)>>,
        stop: Option<&str>,
    ) -> Told<Page> {
        for _ in 0..10 {
            let page = self.one(journal, &method, &url, form.as_deref()).await?;
            let Some(location) = page.headers.get(header::LOCATION).filter(|_| page.status.is_redirection()) else {
                return Ok(page);
            };
            let location = location.to_str().ok().and_then(|location| url.join(location).ok());
            url = location.ok_or_else(|| Surprise(format!("{} redirects to no URL", page.url.path())))?;
            if stop.is_some_and(|stop| url.as_str().starts_with(stop)) {
                return Ok(Page { url, ..page });
            }
            method = Method::GET;
            form = None;
        }
        Err(Surprise("ten redirects in a row".to_owned()))
    }

    async fn one(
        &mut self,
        journal: &mut Journal,
        method: &Method,
        url: &Url,
        form: Option<&[(String, String)]>,
    ) -> Told<Page> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let mut request = Request::builder().method(method).uri(url.as_str()).header(header::ACCEPT, "text/html");
        if let Some(cookies) = self.cookie_header(&host) {
            request = request.header(header::COOKIE, cookies);
        }
        let mut body = String::new();
        if let Some(form) = form {
            body = Serializer::new(String::new()).extend_pairs(form).finish();
            request = request
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(header::ORIGIN, url.origin().ascii_serialization());
        }
        journal.sent(&format!("{method} {}", journal::address(url)), form.map(journal::form).as_deref());
        let fetched = send(&self.http, request.body(Bytes::from(body))).await?;
        self.keep_cookies(&host, &fetched.headers);
        let page = Page {
            url: url.clone(),
            status: fetched.status,
            headers: fetched.headers,
            body: String::from_utf8_lossy(&fetched.body).into_owned(),
        };
        journal.received(&journal::answer(&page));
        Ok(page)
    }

    fn keep_cookies(&mut self, host: &str, headers: &HeaderMap) {
        let jar = self.cookies.entry(host.to_owned()).or_default();
        for line in headers.get_all(header::SET_COOKIE).iter().filter_map(|line| line.to_str().ok()) {
            let mut parts = line.split(';');
            let Some((name, value)) = parts.next().and_then(|pair| pair.trim().split_once('=')) else { continue };
            let ended = parts.any(|part| part.trim().eq_ignore_ascii_case("max-age=0"));
            if ended || value.is_empty() {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// Sends one request. Not being answered is always a surprise here.
pub(crate) async fn send(http: &OutboundHttp, request: Result<Request<Bytes>, http::Error>) -> Told<Fetched> {
    let request = request.map_err(|error| Surprise(error.to_string()))?;
    let to = request.uri().to_string();
    http.send(request).await.map_err(|error| Surprise(format!("{to} gave no answer: {error}")))
}
