//! Requests for pictures: their queue, their progress, their ends.

use super::super::{Body, ImagePhase};
use super::*;
use crate::protocol::{
    Artifact, BlobId, DeviceKind, Generation, ImageProgress, ImageRequest, ImageStatus, MediaType,
};

fn imagine(prompt: &str) -> Command {
    Command::Imagine(ImageRequest {
        prompt: prompt.to_owned(),
        ..ImageRequest::default()
    })
}

fn picture(name: &str) -> Artifact {
    Artifact {
        blob: BlobId([7; 32]),
        media_type: MediaType::Png,
        name: name.to_owned(),
        width: 64,
        height: 64,
        size_bytes: 9,
    }
}

impl Script {
    fn step(self, cell: u64, image: u32, preview: Option<&str>) -> Self {
        let progress = ImageProgress {
            image,
            done: 1,
            total: 2,
            preview: preview.map(picture),
            ..ImageProgress::default()
        };
        let cell = CellId(cell);
        self.report("step", Report::ImageProgressed { cell, progress })
    }

    fn made(self, cell: u64) -> Self {
        let report = Report::ImageMade {
            cell: CellId(cell),
            artifact: picture("made"),
            generation: Box::default(),
        };
        self.report("made", report)
    }

    fn painted(self, cell: u64, status: ImageStatus) -> Self {
        let cell = CellId(cell);
        self.report(
            &format!("painted {cell}"),
            Report::ImageFinished { cell, status },
        )
    }

    fn image(&self, cell: u64) -> (ImagePhase, Vec<Generation>, Option<String>) {
        let entry = self.transcript.get(CellId(cell)).expect("an entry");
        let Body::Image(image) = &entry.body else {
            panic!("{entry:?}");
        };
        let made = image.made.iter().map(|made| *made.generation.clone());
        let picture = image.picture().map(|picture| picture.name.clone());
        (image.phase.clone(), made.collect(), picture)
    }
}

#[test]
fn pictures_are_made_one_request_after_the_other_beside_the_kernels() {
    Script::new()
        .command(imagine("a"))
        .command(imagine("b"))
        .submit("1")
        .made(1)
        .painted(1, ImageStatus::Ok)
        .painted(2, ImageStatus::Ok)
        .check(
            "
            imagine a
              image 1: a
              1 at 0/0
              -> imagine 1
            imagine b
              image 2: b
            submit py 1
              submitted 3
              py is Busy
              started 3 as [1]
              -> execute 3 in py as [1]
            made
              1 made made
            painted 1
              1 is painted: Ok
              2 at 0/0
              -> imagine 2
            painted 2
              2 is painted: Ok
        ",
        );
}

#[test]
fn an_interrupt_drops_what_waits_and_stops_what_is_made() {
    let script = Script::new()
        .command(imagine("a"))
        .command(imagine("b"))
        .command(imagine("c"))
        .command(Command::Interrupt {
            cell: Some(CellId(2)),
        })
        .command(Command::Interrupt { cell: None })
        .made(1)
        .painted(1, ImageStatus::Interrupted)
        // Nobody waits for it any more.
        .made(1)
        .painted(1, ImageStatus::Ok)
        .check(
            "
            imagine a
              image 1: a
              1 at 0/0
              -> imagine 1
            imagine b
              image 2: b
            imagine c
              image 3: c
            interrupt 2
              2 is painted: Dropped
            interrupt all
              3 is painted: Dropped
              -> stop imagining
            made
              1 made made
            painted 1
              1 is painted: Interrupted
            made
            painted 1
        ",
        );
    let (phase, made, _) = script.image(1);
    assert!(matches!(
        phase,
        ImagePhase::Done {
            status: ImageStatus::Interrupted,
            ..
        }
    ));
    assert_eq!(made.len(), 1, "what was done before stays");
}

#[test]
fn a_preview_stays_until_there_is_better() {
    let script = Script::new()
        .command(imagine("a"))
        .step(1, 1, Some("first"));
    assert_eq!(script.image(1).2.as_deref(), Some("first"));
    let script = script.step(1, 1, None);
    assert_eq!(script.image(1).2.as_deref(), Some("first"));
    let script = script.made(1);
    assert_eq!(script.image(1).2.as_deref(), Some("made"));
    // The preview of one picture is none of the next.
    let script = script.step(1, 1, Some("second")).step(1, 2, None);
    assert_eq!(script.image(1).2.as_deref(), Some("made"));
}

#[test]
fn the_session_says_where_requests_go_that_do_not() {
    let mut script = Script::new()
        .command(Command::Set(SettingChange::Model(Some("other".to_owned()))))
        .command(Command::Set(SettingChange::Device(Some(DeviceKind::Cpu))));
    let step = script.session.handle(Input {
        at: Timestamp(9),
        kind: InputKind::Command(imagine("a")),
    });
    let [Effect::Imagine { request, .. }] = step.effects.as_slice() else {
        panic!("{step:?}");
    };
    assert_eq!(request.model.as_deref(), Some("other"));
    assert_eq!(request.device, Some(DeviceKind::Cpu));
}

#[test]
fn the_end_of_the_session_is_the_end_of_its_pictures() {
    Script::new()
        .command(imagine("a"))
        .command(imagine("b"))
        .command(Command::Quit)
        .check(
            "
            imagine a
              image 1: a
              1 at 0/0
              -> imagine 1
            imagine b
              image 2: b
            quit
              2 is painted: Dropped
              1 is painted: Interrupted
              end
              -> stop imagining
              -> end
        ",
        );
}
