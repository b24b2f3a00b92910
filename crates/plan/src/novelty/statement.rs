//! A definition's words, and what is between its parentheses.

use std::ops::Range;

use bstr::{BStr, BString, ByteSlice};

use crate::words::{Word, placed};

/// A definition, which may be of several statements, by its words.
pub(super) struct Statement<'t> {
    text: &'t [u8],
    words: Vec<(Word, Range<usize>)>,
    /// In how many parentheses each word is. Parentheses themselves are outside.
    depths: Vec<usize>,
}

impl<'t> Statement<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        let words = placed(text);
        let mut depth = 0usize;
        let depths = words.iter().map(|(word, _)| match word {
            Word::Sign(b'(') => {
                depth += 1;
                depth - 1
            }
            Word::Sign(b')') => {
                depth = depth.saturating_sub(1);
                depth
            }
            _ => depth,
        });
        let depths = depths.collect();
        Statement {
            text,
            words,
            depths,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    pub(super) fn depth(&self, at: usize) -> usize {
        self.depths.get(at).copied().unwrap_or_default()
    }

    /// Whether words stand at a position, one after the other: keywords, or signs.
    pub(super) fn has(&self, at: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(offset, wanted)| {
            self.words
                .get(at + offset)
                .is_some_and(|(word, _)| match word {
                    Word::Sign(sign) => wanted.as_bytes() == [*sign],
                    word => word.is(wanted),
                })
        })
    }

    /// Whether the word before a position is that one.
    pub(super) fn follows(&self, at: usize, word: &str) -> bool {
        at > 0 && self.has(at - 1, &[word])
    }

    /// Whether a name stands there, with quotes or without them.
    pub(super) fn is_name(&self, at: usize) -> bool {
        self.words
            .get(at)
            .is_some_and(|(word, _)| word.name().is_some())
    }

    /// Where words stand one after the other.
    pub(super) fn all(&self, words: &[&str]) -> Vec<usize> {
        (0..self.len()).filter(|&at| self.has(at, words)).collect()
    }

    /// Where they stand first.
    pub(super) fn first(&self, words: &[&str]) -> Option<usize> {
        (0..self.len()).find(|&at| self.has(at, words))
    }

    /// The bytes that words take, from the first to the last.
    pub(super) fn range(&self, words: Range<usize>) -> Range<usize> {
        let place = |at: usize| self.words.get(at).map(|(_, place)| place.clone());
        let start = place(words.start).map_or(self.text.len(), |place| place.start);
        let end = words.end.checked_sub(1).and_then(place);
        start..end.map_or(self.text.len(), |place| place.end).max(start)
    }

    /// The text of words, from the first to the last.
    pub(super) fn text(&self, words: Range<usize>) -> &'t BStr {
        BStr::new(&self.text[self.range(words)])
    }

    /// What words name, with the dots between them and without quotes.
    pub(super) fn name(&self, words: Range<usize>) -> BString {
        let parts = self.words[words].iter().map(|(word, _)| match word.name() {
            Some(name) => name.as_bstr(),
            None => BStr::new("."),
        });
        bstr::concat(parts).into()
    }

    /// The end of the definition.
    pub(super) fn end(&self) -> usize {
        self.text.len()
    }

    /// Where the parenthesis that opens at a position is closed.
    pub(super) fn closing(&self, opening: usize) -> usize {
        let depth = self.depth(opening);
        let mut behind = opening + 1..self.len();
        let closing = behind.find(|&at| self.depth(at) == depth && self.has(at, &[")"]));
        closing.unwrap_or(self.len())
    }

    /// Where the list that a word is in is opened.
    pub(super) fn opening(&self, at: usize) -> Option<usize> {
        let depth = self.depth(at).checked_sub(1)?;
        let mut before = (0..at).rev();
        before.find(|&at| self.depth(at) == depth && self.has(at, &["("]))
    }

    /// The elements of the list that opens at a position.
    pub(super) fn elements(&self, opening: usize) -> Vec<Range<usize>> {
        let closing = self.closing(opening);
        let inner = self.depth(opening) + 1;
        let mut elements = Vec::new();
        let mut start = opening + 1;
        for at in opening + 1..closing {
            if self.depth(at) == inner && self.has(at, &[","]) {
                elements.push(start..at);
                start = at + 1;
            }
        }
        if start < closing {
            elements.push(start..closing);
        }
        elements
    }

    /// The bytes to cut so that some of a list's elements are gone, with their commas.
    pub(super) fn without(&self, elements: &[Range<usize>], gone: &[usize]) -> Vec<Range<usize>> {
        let first_kept = (0..elements.len()).find(|at| !gone.contains(at));
        let cut = gone.iter().map(|&at| {
            let element = self.range(elements[at].clone());
            let before = at
                .checked_sub(1)
                .map(|at| self.range(elements[at].clone()).end);
            let next = elements
                .get(at + 1)
                .map(|next| self.range(next.clone()).start);
            match (first_kept, next) {
                // Those before the first that stays take the comma behind them, the others the one before.
                (Some(kept), Some(next)) if at < kept => element.start..next,
                (Some(_), _) => before.unwrap_or(element.start)..element.end,
                (None, next) => element.start..next.unwrap_or(element.end),
            }
        });
        cut.collect()
    }

    /// The words of the statement that a word is in, with its semicolon.
    pub(super) fn around(&self, at: usize) -> Range<usize> {
        let start = (0..at).rev().find(|&at| self.has(at, &[";"]));
        let end = (at..self.len()).find(|&at| self.has(at, &[";"]));
        start.map_or(0, |at| at + 1)..end.map_or(self.len(), |at| at + 1)
    }
}
