//! The pieces of the kernel that are written in JavaScript, and the modules that cells can import.

use rquickjs::context::EvalOptions;
use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::{Ctx, FromJs, Function, Module, Object, Value};

/// The pieces that `core.js` compiles on demand.
const PIECES: [(&str, &str); 11] = [
    ("core", include_str!("core.js")),
    ("companion", include_str!("companion.js")),
    ("inspect", include_str!("inspect.js")),
    ("events", include_str!("events.js")),
    ("modules", include_str!("modules.js")),
    ("web", include_str!("web.js")),
    ("fs", include_str!("fs.js")),
    ("fetch", include_str!("fetch.js")),
    ("path", include_str!("path.js")),
    ("clone", include_str!("clone.js")),
    ("complete", include_str!("complete.js")),
];

/// The object that `core.js` made, where the module loader finds it.
pub(super) struct Core<'js>(pub Object<'js>);

// SAFETY: the lifetime is the engine's; `Changed` is the same type with another one.
unsafe impl<'js> rquickjs::JsLifetime<'js> for Core<'js> {
    type Changed<'to> = Core<'to>;
}

/// Finds the built-in modules and `data:` URLs, and says of all others that they are closed.
#[derive(Clone, Copy)]
pub(super) struct Modules;

impl Resolver for Modules {
    fn resolve<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        _base: &str,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> rquickjs::Result<String> {
        if name.starts_with("data:") {
            return Ok(name.to_owned());
        }
        let bare = name.strip_prefix("node:").unwrap_or(name);
        let core = core(ctx)?;
        let text: Option<String> = core.get::<_, Function<'js>>("moduleText")?.call((bare,))?;
        if text.is_some() {
            return Ok(format!("companion:{bare}"));
        }
        let error: Value<'js> = core.get::<_, Function<'js>>("closed")?.call((name,))?;
        Err(ctx.throw(error))
    }
}

impl Loader for Modules {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> rquickjs::Result<Module<'js, Declared>> {
        let core = core(ctx)?;
        let text: String = match name.strip_prefix("companion:") {
            Some(bare) => core.get::<_, Function<'js>>("moduleText")?.call((bare,))?,
            None => core.get::<_, Function<'js>>("dataText")?.call((name,))?,
        };
        Module::declare(ctx.clone(), name, text)
    }
}

fn core<'js>(ctx: &Ctx<'js>) -> rquickjs::Result<Object<'js>> {
    let core = ctx.userdata::<Core<'js>>();
    core.map(|core| core.0.clone())
        .ok_or(rquickjs::Error::Unknown)
}

/// Compiles a piece and answers the function that it is.
#[expect(
    clippy::needless_pass_by_value,
    reason = "JavaScript calls it with values of its own"
)]
pub(super) fn load_piece(ctx: Ctx<'_>, name: String) -> rquickjs::Result<Function<'_>> {
    let text = PIECES
        .iter()
        .find(|(known, _)| *known == name.as_str())
        .map_or("undefined", |(_, text)| text);
    eval(&ctx, text, &format!("companion:{name}"), true, false)
}

/// Evaluates a script.
pub(super) fn eval<'js, V: FromJs<'js>>(
    ctx: &Ctx<'js>,
    text: impl Into<Vec<u8>>,
    file: &str,
    is_strict: bool,
    is_async: bool,
) -> rquickjs::Result<V> {
    let mut options = EvalOptions::default();
    options.global = true;
    options.strict = is_strict;
    options.promise = is_async;
    options.filename = Some(file.replace('\0', "\u{fffd}"));
    ctx.eval_with_options(text, options)
}
