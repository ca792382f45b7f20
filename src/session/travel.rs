//! Undo, redo and branches: kernels go from one of their states to another.

use super::{Effect, KernelState, Session, Step, Travel, TravelFailure, Work};
use crate::protocol::{Event, KernelStatus, Language, NoticeLevel, Timeline, Variables};

/// Cells that are remembered for words about undo: more than a kernel keeps states.
const REMEMBERED: usize = 1024;

/// The branch that a kernel starts on.
const MAIN: &str = "main";

/// Which cells made the state of a kernel, by their execution counts: for the words in which a
/// change is told. The states themselves are the kernel's.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Past {
    branches: Vec<Branch>,
    /// The one that the kernel is on.
    on: usize,
}

#[derive(Clone, Debug, PartialEq)]
struct Branch {
    name: String,
    /// Cells that can be told of, oldest first; those that were taken back at its end.
    counts: Vec<u64>,
    /// So many of them are in effect.
    at: usize,
}

impl Default for Past {
    fn default() -> Self {
        let main = Branch {
            name: MAIN.to_owned(),
            counts: Vec::new(),
            at: 0,
        };
        Self {
            branches: vec![main],
            on: 0,
        }
    }
}

impl Past {
    /// A cell ran; what had been taken back can't be brought back behind it.
    pub(super) fn ran(&mut self, execution_count: u64) {
        let branch = &mut self.branches[self.on];
        branch.counts.truncate(branch.at);
        branch.counts.push(execution_count);
        if branch.counts.len() > REMEMBERED {
            branch.counts.remove(0);
        }
        branch.at = branch.counts.len();
    }

    /// Follows the kernel, and tells where it has gone.
    fn follow(&mut self, language: Language, travel: Travel) -> String {
        let on = match &travel {
            Travel::Branch(name) => self.branches.iter().position(|known| known.name == *name),
            Travel::Undo(_) | Travel::Redo(_) => None,
        };
        let branch = &mut self.branches[self.on];
        match travel {
            Travel::Undo(cells) => {
                let at = branch.at.checked_sub(cells as usize);
                branch.at = at.unwrap_or(0);
                let next = at.and_then(|at| branch.counts.get(at));
                let place = next.map(|count| format!(": {language} is as before In [{count}]"));
                format!("took back {}{}", plural(cells), place.unwrap_or_default())
            }
            Travel::Redo(cells) => {
                branch.at = (branch.at + cells as usize).min(branch.counts.len());
                let place = branch
                    .place()
                    .map(|place| format!(": {language} is {place}"));
                format!(
                    "brought back {}{}",
                    plural(cells),
                    place.unwrap_or_default()
                )
            }
            Travel::Branch(name) => {
                if let Some(on) = on {
                    self.on = on;
                    let place = self.branches[on].place().map(|place| format!(", {place}"));
                    return format!(
                        "{language} is on branch {name}{}",
                        place.unwrap_or_default()
                    );
                }
                let text = format!(
                    "{language} is on the new branch {name}; /branch {} goes back",
                    branch.name
                );
                let new = Branch {
                    name,
                    counts: branch.counts[..branch.at].to_vec(),
                    at: branch.at,
                };
                self.branches.push(new);
                self.on = self.branches.len() - 1;
                text
            }
        }
    }
}

impl Branch {
    /// The last cell in effect, in words.
    fn place(&self) -> Option<String> {
        let count = self.counts.get(self.at.checked_sub(1)?)?;
        Some(format!("as after In [{count}]"))
    }
}

fn plural(cells: u32) -> String {
    match cells {
        1 => "1 cell".to_owned(),
        cells => format!("{cells} cells"),
    }
}

impl Session {
    /// Sends a kernel to another of its states, if it is free to go.
    pub(super) fn travel(&mut self, language: Language, travel: Travel, step: &mut Step) {
        let kernel = self.kernel(language);
        let obstacle = match (&kernel.work, &kernel.status) {
            (Work::Nothing, KernelStatus::Idle) => None,
            (Work::Confirming(..), _) => {
                Some("has a cell that waits for a permission: answer it first")
            }
            (Work::Nothing, KernelStatus::NotStarted | KernelStatus::Failed(_)) => {
                Some("has not started: there is nothing to go back to")
            }
            (Work::Nothing, KernelStatus::Starting) => Some("is starting: try again in a moment"),
            _ => Some("is busy: wait for its cells, or interrupt them"),
        };
        if let Some(obstacle) = obstacle {
            let text = format!("{language} {obstacle}");
            step.events.push(Event::Notice {
                level: NoticeLevel::Warning,
                text,
            });
            return;
        }
        kernel.work = Work::Travelling(travel.clone());
        kernel.set_status(KernelStatus::Busy, step);
        step.effects.push(Effect::Travel { language, travel });
    }

    /// A kernel came to where it was sent, or stayed where it was.
    pub(super) fn arrive(
        &mut self,
        language: Language,
        outcome: Result<Timeline, TravelFailure>,
        step: &mut Step,
    ) {
        let kernel = self.kernel(language);
        // After a restart there is nowhere to arrive.
        let Work::Travelling(travel) = &kernel.work else {
            return;
        };
        let travel = travel.clone();
        kernel.work = Work::Nothing;
        let (level, text) = match outcome {
            Ok(timeline) => {
                let text = kernel.past.follow(language, travel);
                kernel.set_timeline(timeline, step);
                (NoticeLevel::Info, text)
            }
            Err(TravelFailure { message, variables }) => {
                if variables == Variables::Lost {
                    kernel.begin_anew(step);
                }
                (NoticeLevel::Warning, message)
            }
        };
        kernel.set_status(KernelStatus::Idle, step);
        step.events.push(Event::Notice { level, text });
        self.examine_next(language, step);
    }
}

impl KernelState {
    pub(super) fn set_timeline(&mut self, timeline: Timeline, step: &mut Step) {
        if self.timeline != timeline {
            self.timeline = timeline.clone();
            step.events.push(Event::TimelineChanged {
                language: self.language,
                timeline,
            });
        }
    }
}
