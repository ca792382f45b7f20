//! Pictures from the prompt: made, watched, stopped, found again.

use super::stage::World;

#[test]
fn a_picture_is_made_while_the_prompt_stays_alive() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("/imagine a red apple --seed 1 --steps 60");
    // A cell runs beside it.
    stage.enter("6 * 7");
    stage.wait_for_text("Out[1] = 42");
    stage.wait_for_text("seed 1 ·");
    stage.wait_for("its pixels", |screen| screen.has("▀") || screen.has("▄"));
    stage.enter("/info");
    let screen = stage.wait_for_text("model hash");
    assert!(screen.has("a red apple"), "{}", screen.text);
    stage.type_keys("q");
    stage.enter("/gallery apple");
    stage.wait_for_text(" 1 a red apple");
    stage.enter("/gallery nothing");
    stage.wait_for_text("no picture is like that");
    stage.quit();
}

#[test]
fn what_is_made_can_be_listed_and_stopped() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("/imagine a rocket --steps 900");
    stage.wait_for_text("it/s");
    stage.enter("/imagine a second one");
    stage.wait_for_text("queued");
    stage.enter("/jobs");
    let screen = stage.wait_for_text("imagine a second one");
    assert!(screen.has("/900"), "{}", screen.text);
    stage.type_keys("q");
    stage.wait_for_prompt("py 1");
    stage.type_keys("\u{3}");
    stage.wait_for_text("interrupted");
    stage.wait_for_text("not made");
    stage.enter("/imagine x --size 65x64");
    stage.wait_for_text("64x64");
    stage.enter("/imagine x --stepps 4");
    stage.wait_for_text("--stepps");
    stage.quit();
}
