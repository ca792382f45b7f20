//! The functions of `companion.js` that go to the desk.

use std::rc::Rc;

use rquickjs::{Ctx, Function, Object, TypedArray};

use super::files::answer;
use super::host::{State, bytes_of};
use crate::kernel::call::Bytes;
use crate::kernel::{DeskCall, HostCall, ImageBytes};

/// Adds them to the `host` object of the pieces.
pub(super) fn add<'js>(
    ctx: &Ctx<'js>,
    state: &Rc<State>,
    host: &Object<'js>,
) -> rquickjs::Result<()> {
    let shared = Rc::clone(state);
    let ask = move |ctx: Ctx<'js>, question: String| {
        let call: DeskCall = serde_json::from_str(&question).map_err(|error| {
            rquickjs::Exception::throw_type(&ctx, &format!("no question: {error}"))
        })?;
        answer(&ctx, &shared, HostCall::Desk(call))
    };
    host.set("desk", Function::new(ctx.clone(), ask)?)?;

    let shared = Rc::clone(state);
    let open = move |ctx: Ctx<'js>, image: String, pixels: bool| {
        let what = if pixels {
            ImageBytes::Pixels
        } else {
            ImageBytes::File
        };
        answer(
            &ctx,
            &shared,
            HostCall::Desk(DeskCall::Open { image, what }),
        )
    };
    host.set("deskOpen", Function::new(ctx.clone(), open)?)?;

    let shared = Rc::clone(state);
    let keep =
        move |ctx: Ctx<'js>, name: String, bytes: TypedArray<'js, u8>, width: u32, height: u32| {
            let bytes = Bytes(bytes_of(&ctx, &bytes)?);
            let size = (width > 0 && height > 0).then_some((width, height));
            answer(
                &ctx,
                &shared,
                HostCall::Desk(DeskCall::Keep { name, bytes, size }),
            )
        };
    host.set("deskKeep", Function::new(ctx.clone(), keep)?)?;

    let parameters = |function: String| {
        let parameters = super::source::parameters(&function);
        parameters.and_then(|parameters| serde_json::to_string(&parameters).ok())
    };
    host.set("parameters", Function::new(ctx.clone(), parameters)?)
}
