//! The Rust half of `URL`: the `url` crate parses and edits, `web.js` holds the text.
#![expect(
    clippy::needless_pass_by_value,
    reason = "JavaScript calls these functions with values of its own"
)]

use rquickjs::{Ctx, Object};
use url::{Url, quirks};

/// The parts of a URL as the properties of `URL` show them; `None` when it is not valid.
pub(super) fn parse(
    ctx: Ctx<'_>,
    input: String,
    base: Option<String>,
) -> rquickjs::Result<Option<Object<'_>>> {
    let base = match base.as_deref().map(Url::parse) {
        Some(Ok(base)) => Some(base),
        Some(Err(_)) => return Ok(None),
        None => None,
    };
    match Url::options().base_url(base.as_ref()).parse(&input) {
        Ok(url) => parts(&ctx, &url).map(Some),
        Err(_) => Ok(None),
    }
}

/// The parts of a URL after one of its properties was assigned; `None` when the URL itself or a
/// new `href` is not valid. Other values that don't fit change nothing, as the standard has it.
pub(super) fn change(
    ctx: Ctx<'_>,
    href: String,
    property: String,
    value: String,
) -> rquickjs::Result<Option<Object<'_>>> {
    let Ok(mut url) = Url::parse(&href) else {
        return Ok(None);
    };
    // A refused value leaves the URL as it was.
    match property.as_str() {
        "href" => return parse(ctx, value, None),
        "protocol" => drop(quirks::set_protocol(&mut url, &value)),
        "username" => drop(quirks::set_username(&mut url, &value)),
        "password" => drop(quirks::set_password(&mut url, &value)),
        "host" => drop(quirks::set_host(&mut url, &value)),
        "hostname" => drop(quirks::set_hostname(&mut url, &value)),
        "port" => drop(quirks::set_port(&mut url, &value)),
        "pathname" => quirks::set_pathname(&mut url, &value),
        "search" => quirks::set_search(&mut url, &value),
        "hash" => quirks::set_hash(&mut url, &value),
        _ => {}
    }
    parts(&ctx, &url).map(Some)
}

fn parts<'js>(ctx: &Ctx<'js>, url: &Url) -> rquickjs::Result<Object<'js>> {
    let parts = Object::new(ctx.clone())?;
    parts.set("href", quirks::href(url))?;
    parts.set("origin", quirks::origin(url))?;
    parts.set("protocol", quirks::protocol(url))?;
    parts.set("username", quirks::username(url))?;
    parts.set("password", quirks::password(url))?;
    parts.set("host", quirks::host(url))?;
    parts.set("hostname", quirks::hostname(url))?;
    parts.set("port", quirks::port(url))?;
    parts.set("pathname", quirks::pathname(url))?;
    parts.set("search", quirks::search(url))?;
    parts.set("hash", quirks::hash(url))?;
    Ok(parts)
}
