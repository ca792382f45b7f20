//! Streamable HTTP: who may connect.
//!
//! A page of the web can make a browser send requests to this machine. So the `Host` has to be one
//! of ours (a name that an attacker points at this machine is not), an `Origin`, which only browsers
//! send, too, and where others can reach the address, or the user wants it, there is a token.

use std::future::IntoFuture as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;

use super::{Server, signals};
use crate::mcp::McpError;

/// The path of the endpoint.
const PATH: &str = "/mcp";
/// Sessions at once; each has a task and its buffers.
const MAX_SESSIONS: usize = 64;
/// A session that says nothing for so long is over. Longer than a person is given to answer.
const SESSION_IDLE: Duration = Duration::from_mins(30);
/// Streams that are open when the server ends get so long.
const GOODBYE: Duration = Duration::from_secs(2);
/// The header that names a session.
const SESSION_ID: &str = "mcp-session-id";

/// Where to listen, and to whom.
#[derive(Clone, Debug)]
pub(crate) struct Listen {
    /// The address.
    pub address: SocketAddr,
    /// What a client has to show.
    pub token: Option<String>,
    /// Origins of pages that may connect, beside the server's own.
    pub origins: Vec<String>,
    /// Names of this machine that clients use, beside those of loopback.
    pub hosts: Vec<String>,
}

/// What is checked before a request is looked at.
struct Door {
    token: Option<blake3::Hash>,
    sessions: Arc<LocalSessionManager>,
}

/// Serves until a signal says stop.
pub(super) async fn serve(
    server: Server,
    listen: Listen,
    ready: impl FnOnce(&str),
) -> Result<(), McpError> {
    let Listen { address, token, .. } = &listen;
    let token = token.as_deref().filter(|token| !token.is_empty());
    if token.is_none() && !address.ip().is_loopback() {
        return Err(McpError::NoToken { address: *address });
    }
    let failed = |source| McpError::Listen {
        address: *address,
        source,
    };
    let listener = TcpListener::bind(*address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let mut stop = signals::stop()?;

    let mut sessions = LocalSessionManager::default();
    sessions.session_config.keep_alive = Some(SESSION_IDLE);
    let sessions = Arc::new(sessions);
    let config = config(&listen, bound);
    let goodbye = config.cancellation_token.clone();
    let door = Arc::new(Door {
        token: token.map(|token| blake3::hash(token.as_bytes())),
        sessions: Arc::clone(&sessions),
    });
    let service = StreamableHttpService::new(move || Ok(server.clone()), sessions, config);
    let router = Router::new()
        .route_service(PATH, service)
        .layer(from_fn_with_state(door, enter));
    ready(&format!("http://{bound}{PATH}"));

    let mut stopped = stop.clone();
    let serving = axum::serve(listener, router).with_graceful_shutdown(async move {
        stopped.wait().await;
    });
    let mut serving = std::pin::pin!(serving.into_future());
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = stop.wait() => {
            goodbye.cancel();
            tokio::time::timeout(GOODBYE, &mut serving).await.unwrap_or(Ok(()))
        }
    };
    ended.map_err(failed)
}

fn config(listen: &Listen, bound: SocketAddr) -> StreamableHttpServerConfig {
    let port = bound.port();
    let is_everywhere = bound.ip().is_unspecified();
    let mut hosts = listen.hosts.clone();
    if !is_everywhere || !hosts.is_empty() {
        hosts.extend(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
        hosts.push(bound.ip().to_string());
    }
    let own = |host: &str| format!("http://{host}:{port}");
    let mut origins = vec![own("localhost"), own("127.0.0.1"), own("[::1]")];
    origins.push(match bound.ip() {
        IpAddr::V4(ip) => own(&ip.to_string()),
        IpAddr::V6(ip) => own(&format!("[{ip}]")),
    });
    origins.extend(listen.origins.iter().cloned());
    // Without hosts any is taken: on every address of the machine, where the token is what counts.
    StreamableHttpServerConfig::default()
        .with_allowed_hosts(hosts)
        .with_allowed_origins(origins)
        .enforce_origin_validation()
}

/// Lets a request in that shows the token, if there is one, and has room.
async fn enter(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    if let Some(token) = &door.token
        && !shows(request.headers(), token)
    {
        let challenge = [(header::WWW_AUTHENTICATE, "Bearer realm=\"companion\"")];
        let message = "a bearer token is needed: Authorization: Bearer TOKEN\n";
        return (StatusCode::UNAUTHORIZED, challenge, message).into_response();
    }
    let is_new = request.method() == Method::POST && !request.headers().contains_key(SESSION_ID);
    if is_new && door.sessions.sessions.read().await.len() >= MAX_SESSIONS {
        let message = format!("{MAX_SESSIONS} sessions are open, which are the most\n");
        return (StatusCode::SERVICE_UNAVAILABLE, message).into_response();
    }
    next.run(request).await
}

/// Whether the headers show a token. Hashes are compared, in a time that does not depend on them.
fn shows(headers: &HeaderMap, token: &blake3::Hash) -> bool {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(shown), None) = (all.next(), all.next()) else {
        return false;
    };
    let shown = shown.as_bytes();
    let Some((scheme, rest)) = shown.split_at_checked("Bearer ".len()) else {
        return false;
    };
    scheme.eq_ignore_ascii_case(b"Bearer ") && blake3::hash(rest.trim_ascii()) == *token
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_opens() {
        let token = blake3::hash(b"a secret");
        let with = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().expect("a header"));
            headers
        };
        assert!(shows(&with("Bearer a secret"), &token));
        assert!(shows(&with("bearer a secret"), &token));
        for wrong in [
            "Bearer a secre",
            "Bearer a secrets",
            "a secret",
            "Bearer ",
            "Basic a secret",
        ] {
            assert!(!shows(&with(wrong), &token), "{wrong}");
        }
        assert!(!shows(&HeaderMap::new(), &token));
        let mut two = with("Bearer a secret");
        two.append(header::AUTHORIZATION, "Bearer b".parse().expect("a header"));
        assert!(!shows(&two, &token));
    }
}
