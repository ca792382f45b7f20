//! Undo, grants: what the sandbox is from the keys.

use super::stage::World;

#[test]
fn a_cell_is_taken_back_and_brought_back() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("x = 'first'");
    stage.wait_for_prompt("py 2");
    stage.enter("x = 'second'");
    stage.wait_for_prompt("py 3");
    stage.enter("/kernels");
    stage.wait_for_text("2 to undo");
    stage.type_keys("q");
    stage.wait_for_prompt("py 3");
    stage.enter("/undo");
    stage.wait_for_text("took back 1 cell: Python is as before In [2]");
    stage.enter("/redo");
    stage.wait_for_text("brought back 1 cell: Python is as after In [2]");
    stage.enter("/undo");
    stage.wait_for_text("took back 1 cell: Python is as before In [2]");
    stage.enter("x");
    let screen = stage.wait_for_prompt("py 4");
    // The counter only grows, as Jupyter's does.
    let (_, row) = screen.row_of("Out[3]").expect("the value");
    assert!(row.contains("'first'"), "{}", screen.text);
    stage.enter("/undo 99");
    let screen = stage.wait_for_text("99 to undo");
    assert!(!screen.has("busy"), "{}", screen.text);
    stage.enter("/undo nonsense");
    stage.wait_for_text("no number of cells");
    stage.quit();
}

#[test]
fn a_branch_keeps_its_own_variables() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("/js 1 + 1");
    stage.enter("x = 'trunk'");
    stage.wait_for_prompt("py 2");
    stage.enter("/branch fit");
    stage.wait_for_text("on the new branch fit; /branch main goes back");
    stage.enter("x = 'twig'");
    stage.wait_for_prompt("py 3");
    stage.enter("/branch main");
    stage.wait_for_text("Python is on branch main, as after In [1]");
    stage.enter("x + '!'");
    stage.wait_for_text("'trunk!'");
    stage.wait_for_prompt("py 4");
    stage.enter("/branch fit");
    stage.wait_for_text("Python is on branch fit, as after In [2]");
    stage.enter("x + '!'");
    stage.wait_for_text("'twig!'");
    stage.wait_for_prompt("py 5");
    stage.enter("/branch");
    let screen = stage.wait_for_text("* fit");
    assert!(screen.has("  main"), "{}", screen.text);
    stage.type_keys("q");
    stage.wait_for_prompt("py 5");
    stage.quit();
}

#[test]
fn what_is_allowed_stands_in_the_status_line() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("/allow read /usr");
    stage.wait_for("the grant", |screen| screen.status().contains("+read /usr"));
    stage.enter("/allow env LANG once");
    stage.wait_for("both", |screen| screen.status().contains("+2 grants"));
    stage.enter("/grants");
    let screen = stage.wait_for_text("/deny read /usr");
    assert!(screen.has("for the next cell"), "{}", screen.text);
    stage.type_keys("q");
    stage.wait_for_prompt("py 1");
    stage.enter("1 + 1");
    stage.wait_for_text("no longer allowed: env LANG");
    stage.wait_for("one", |screen| screen.status().contains("+read /usr"));
    // It is taken from a cell that runs, too.
    stage.enter("[open('/usr/bin/env', 'rb').close() for _ in iter(int, 1)]");
    stage.wait_for("the cell", |screen| !screen.status().contains("idle"));
    stage.enter("/deny all");
    stage.wait_for("none", |screen| !screen.status().contains('+'));
    stage.wait_for_text("PermissionError");
    stage.enter("/allow everything /");
    stage.wait_for_text("there are read, write, net and env");
    stage.quit();
}
