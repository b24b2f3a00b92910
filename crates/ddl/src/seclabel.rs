//! Security labels: entries that hang on the object they are on.

use crate::comment::Subject;
use crate::dump::Dump;
use crate::toc::Toc;

/// Writes the security labels on the object itself, where there are any.
pub(crate) fn render(_dump: &Dump, _toc: &mut Toc, _subject: &Subject<'_>) {}
