//! Grants: what kernels may do beyond their jail, and for how long.
//!
//! A grant for one cell belongs to the first cell that begins after it was given, in whichever
//! kernel, and to no other that runs beside it.

use super::{Effect, Session, Step, Work};
use crate::protocol::{CellId, Event, Grant, GrantScope, Language, NoticeLevel, SessionGrant};

/// A grant, and whose it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Right {
    given: SessionGrant,
    /// The one cell that it is for, once that has begun.
    cell: Option<CellId>,
}

impl Session {
    /// Gives a grant; the one about the same thing is replaced.
    pub(super) fn allow(&mut self, given: SessionGrant, step: &mut Step) {
        let new = Right { given, cell: None };
        let same = |right: &&mut Right| is_about_the_same(&right.given.grant, &new.given.grant);
        match self.rights.iter_mut().find(same) {
            Some(right) => *right = new,
            None => self.rights.push(new),
        }
        self.tell_rights(step);
    }

    /// A grant turned out to be none. Each kernel says so: the first one is heard.
    pub(super) fn refuse_right(&mut self, grant: &Grant, message: String, step: &mut Step) {
        let before = self.rights.len();
        self.rights.retain(|right| right.given.grant != *grant);
        if self.rights.len() < before {
            self.tell_rights(step);
            step.events.push(Event::Notice {
                level: NoticeLevel::Error,
                text: message,
            });
        }
    }

    /// Takes a grant back, or all of them.
    pub(super) fn deny(&mut self, grant: Option<Grant>, step: &mut Step) {
        let before = self.rights.len();
        match &grant {
            Some(grant) => self
                .rights
                .retain(|right| !is_about_the_same(&right.given.grant, grant)),
            None => self.rights.clear(),
        }
        if self.rights.len() == before {
            let text = match grant {
                Some(grant) => format!("{grant} is not allowed anyway; /grants lists what is"),
                None => "nothing is allowed beyond the jail".to_owned(),
            };
            step.events.push(Event::Notice {
                level: NoticeLevel::Info,
                text,
            });
            return;
        }
        self.tell_rights(step);
    }

    /// A cell is about to begin: what was given for one cell is given to this one.
    pub(super) fn begin_rights(&mut self, language: Language, cell: CellId, step: &mut Step) {
        for right in &mut self.rights {
            if right.given.scope == GrantScope::Once {
                right.cell.get_or_insert(cell);
            }
        }
        self.tell_kernel(language, Some(cell), step);
    }

    /// A cell has ended, and with it what was given to it alone.
    pub(super) fn end_rights(&mut self, cell: CellId, step: &mut Step) {
        let before = self.rights.len();
        self.rights.retain(|right| right.cell != Some(cell));
        if self.rights.len() != before {
            self.tell_rights(step);
        }
    }

    fn tell_rights(&mut self, step: &mut Step) {
        let grants = self.rights.iter().map(|right| right.given.clone());
        step.events.push(Event::GrantsChanged {
            grants: grants.collect(),
        });
        for language in Language::ALL {
            let running = match &self.kernel(language).work {
                Work::Running(running) => Some(running.cell),
                _ => None,
            };
            self.tell_kernel(language, running, step);
        }
    }

    /// Tells a kernel what it may do while this cell runs, if that is news to it.
    fn tell_kernel(&mut self, language: Language, cell: Option<CellId>, step: &mut Step) {
        let holds = |right: &&Right| match right.given.scope {
            GrantScope::Session => true,
            GrantScope::Once => right.cell.is_some() && right.cell == cell,
        };
        let rights = self.rights.iter().filter(holds);
        let grants: Vec<Grant> = rights.map(|right| right.given.grant.clone()).collect();
        let kernel = self.kernel(language);
        if kernel.grants != grants {
            kernel.grants.clone_from(&grants);
            step.effects.push(Effect::SetGrants { language, grants });
        }
    }
}

/// A grant to write differs from another in how much may be written, and is the same grant.
fn is_about_the_same(one: &Grant, other: &Grant) -> bool {
    match (one, other) {
        (Grant::Write { path, .. }, Grant::Write { path: other, .. }) => path == other,
        (one, other) => one == other,
    }
}
