//! What a server is too old for, and what servers keep for themselves.

use bstr::{BString, ByteSlice};

use super::{Adapter, Changed};
use crate::adaptation::Adaptation;
use crate::needs::gist_defaults;
use crate::novelty::{self, Instead, Place};
use crate::obstacle::Obstacle;

impl Adapter<'_> {
    /// Writes an entry without what the server does not know, or leaves it out, where it then restricts and holds no less.
    pub(super) fn do_without(&mut self, at: usize, what: &str, because: &Obstacle) -> bool {
        if what == novelty::GIST_DEFAULT {
            let script = self.script;
            let text = self.definition(at).unwrap_or_default();
            let places = gist_defaults(script, &script.entries()[at], &text);
            return self.write(at, &text, &places, because);
        }
        let Some(novelty) = novelty::named(what) else {
            return false;
        };
        match novelty.instead {
            Instead::Nothing => false,
            Instead::WithoutEntry => self.leave_out_since(at, because),
            Instead::Text => {
                let text = self.definition(at).unwrap_or_default();
                self.write(at, &text, &novelty.places(&text), because)
            }
        }
    }

    /// Leaves a setting to what it is for everybody.
    pub(super) fn without_setting(
        &mut self,
        at: usize,
        setting: &BString,
        because: &Obstacle,
    ) -> bool {
        let text = self.definition(at).unwrap_or_default();
        let found = novelty::settings(self.descriptor(at), &text).into_iter();
        let places: Vec<_> = found
            .filter_map(|(name, place)| (name == *setting).then_some(place))
            .collect();
        self.write(at, &text, &places, because)
    }

    /// Writes an entry with other texts in some places, or leaves it out where nothing is left.
    pub(super) fn write(
        &mut self,
        at: usize,
        text: &[u8],
        places: &[Place],
        because: &Obstacle,
    ) -> bool {
        let mut is_blank = false;
        let has_changed = self.change(at, |changed| {
            for place in places {
                changed.note(adaptation(text, place, because));
            }
            is_blank = changed.write(text, places);
        });
        match is_blank {
            true => self.leave_out_since(at, because),
            false => has_changed,
        }
    }

    /// Says of each table which names of constraints the server will forget, by leaving them out.
    pub(super) fn leave_forgotten_names(&mut self) {
        if self.target.major >= 18 {
            return;
        }
        let because = Obstacle::TooOld {
            what: novelty::NOT_NULL_NAMES,
            since: 18,
            is_adaptable: true,
        };
        for at in 0..self.script.entries().len() {
            let text = self.definition(at).unwrap_or_default();
            let places = novelty::forgotten_names(self.descriptor(at), &text);
            if places.is_empty() {
                continue;
            }
            self.change(at, |changed| {
                for place in &places {
                    changed.note(adaptation(&text, place, &because));
                }
                changed.write(&text, &places);
            });
        }
    }

    /// Leaves out options of columns that are no user's: servers of newer minor releases write them into archives, others refuse them, and
    /// each makes its own.
    pub(super) fn leave_internal_options(&mut self) {
        for at in 0..self.script.entries().len() {
            let text = self.definition(at).unwrap_or_default();
            let places = novelty::internal_options(self.descriptor(at), &text);
            if places.is_empty() {
                continue;
            }
            self.change(at, |changed| {
                for place in &places {
                    let option = text[place.clause.clone()].into();
                    changed.note(Adaptation::InternalOption { option });
                }
                changed.write(&text, &places);
            });
        }
    }
}

impl Changed {
    /// Gives the entry a definition that is another in some places. Whether nothing is left of it.
    fn write(&mut self, text: &[u8], places: &[Place]) -> bool {
        let text = novelty::edited(text, places);
        let is_blank = text.trim().is_empty();
        self.entry.definition = Some(text);
        is_blank
    }
}

/// What is restored otherwise in one place of a definition.
fn adaptation(text: &[u8], place: &Place, because: &Obstacle) -> Adaptation {
    let clause: BString = text[place.clause.clone()].into();
    let because = because.clone();
    let instead = place.edits.iter().find(|(_, instead)| !instead.is_empty());
    match instead {
        None => Adaptation::Clause { clause, because },
        Some((_, instead)) => Adaptation::Rewritten {
            clause,
            instead: instead.trim().into(),
            because,
        },
    }
}
