//! Results of a query, in text form.

use std::fmt;
use std::ops::Range;

use bstr::{BStr, BString, ByteSlice};

use crate::values::decode::{DecodeError, FromCell};

/// The length that the protocol gives a NULL.
const NULL: i32 = -1;

/// The rows of one result set.
///
/// All cells lie in one buffer: a catalog of a hundred thousand rows costs a handful of
/// allocations.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Rows {
    columns: Vec<Column>,
    data: Vec<u8>,
    cells: Vec<Cell>,
    count: usize,
    tag: BString,
}

/// A column of a result set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: BString,
    /// The oid of its type.
    pub type_oid: u32,
}

/// Where in the buffer a cell lies; `start` is `u32::MAX` for a NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cell {
    start: u32,
    length: u32,
}

impl Rows {
    /// Begins a result set from the body of a RowDescription message.
    pub(crate) fn describe(body: &[u8]) -> Option<Self> {
        let (count, mut rest) = body.split_first_chunk::<2>()?;
        let count = u16::from_be_bytes(*count);
        let mut columns = Vec::with_capacity(usize::from(count).min(body.len()));
        for _ in 0..count {
            let end = rest.find_byte(0)?;
            let name = BString::from(&rest[..end]);
            // After the name: table oid (4 bytes), column number (2), type oid (4), size (2),
            // modifier (4), format (2).
            let (fixed, tail) = rest[end + 1..].split_first_chunk::<18>()?;
            let type_oid = u32::from_be_bytes([fixed[6], fixed[7], fixed[8], fixed[9]]);
            columns.push(Column { name, type_oid });
            rest = tail;
        }
        Some(Rows {
            columns,
            ..Rows::default()
        })
    }

    /// Adds the body of a DataRow message. `None` means that the message is malformed or the result
    /// exceeds 4 GiB.
    pub(crate) fn push(&mut self, body: &[u8]) -> Option<()> {
        let base = self.data.len();
        u32::try_from(base + body.len()).ok()?;
        let count = u16::from_be_bytes(*body.first_chunk::<2>()?);
        if usize::from(count) != self.columns.len() {
            return None;
        }
        let mut at = 2;
        for _ in 0..count {
            let length = i32::from_be_bytes(*body.get(at..)?.first_chunk::<4>()?);
            at += 4;
            if length == NULL {
                self.cells.push(Cell {
                    start: u32::MAX,
                    length: 0,
                });
                continue;
            }
            let length = u32::try_from(length).ok()?;
            let end = at
                .checked_add(length as usize)
                .filter(|&end| end <= body.len())?;
            self.cells.push(Cell {
                start: (base + at) as u32,
                length,
            });
            at = end;
        }
        self.data.extend_from_slice(body);
        self.count += 1;
        Some(())
    }

    pub(crate) fn set_tag(&mut self, tag: &[u8]) {
        self.tag = tag.strip_suffix(b"\0").unwrap_or(tag).into();
    }

    /// Takes the rows out and keeps the columns, so that more rows can follow.
    pub(crate) fn take_batch(&mut self) -> Rows {
        Rows {
            columns: self.columns.clone(),
            data: std::mem::take(&mut self.data),
            cells: std::mem::take(&mut self.cells),
            count: std::mem::take(&mut self.count),
            tag: BString::default(),
        }
    }

    /// Bytes that the rows take up in memory.
    pub fn size(&self) -> usize {
        self.data.len() + self.cells.len() * size_of::<Cell>()
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The columns, in order. Empty for a statement that returns no rows.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The index of the first column of that name.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] where the result has no such column.
    pub fn column(&self, name: &str) -> Result<usize, DecodeError> {
        self.columns
            .iter()
            .position(|column| column.name == name)
            .ok_or_else(|| DecodeError::no_column(name))
    }

    /// The server's command tag, such as `SELECT 5` or `BEGIN`.
    pub fn command_tag(&self) -> &BStr {
        self.tag.as_bstr()
    }

    /// The row at `index`, counted from 0.
    pub fn get(&self, index: usize) -> Option<Row<'_>> {
        (index < self.count).then_some(Row { rows: self, index })
    }

    /// The rows in the order the server sent them.
    pub fn iter(&self) -> Iter<'_> {
        Iter {
            rows: self,
            range: 0..self.count,
        }
    }

    /// The only row of the result.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] where the result has no row or more than one.
    pub fn one(&self) -> Result<Row<'_>, DecodeError> {
        match self.count {
            1 => Ok(Row {
                rows: self,
                index: 0,
            }),
            count => Err(DecodeError::not_one_row(count)),
        }
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a> IntoIterator for &'a Rows {
    type Item = Row<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// Iterator over the rows of a result.
#[derive(Debug, Clone)]
pub struct Iter<'a> {
    rows: &'a Rows,
    range: Range<usize>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = Row<'a>;

    fn next(&mut self) -> Option<Row<'a>> {
        self.range.next().map(|index| Row {
            rows: self.rows,
            index,
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.range.size_hint()
    }
}

impl ExactSizeIterator for Iter<'_> {}

/// One row of a result.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    rows: &'a Rows,
    index: usize,
}

impl<'a> Row<'a> {
    /// Number of columns.
    pub fn len(&self) -> usize {
        self.rows.columns.len()
    }

    /// Whether the row has no columns.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The cell's text, or `None` for a NULL and for a column that does not exist.
    pub fn bytes(&self, column: usize) -> Option<&'a BStr> {
        if column >= self.len() {
            return None;
        }
        let cell = self.rows.cells[self.index * self.len() + column];
        if cell.start == u32::MAX {
            return None;
        }
        let start = cell.start as usize;
        Some(self.rows.data[start..start + cell.length as usize].as_bstr())
    }

    /// The cell as a value of type `T`.
    ///
    /// # Errors
    ///
    /// [`DecodeError`], which names the column, where it does not exist, is NULL and `T` is not an
    /// `Option`, or holds a text that is not a `T`.
    pub fn get<T: FromCell<'a>>(&self, column: usize) -> Result<T, DecodeError> {
        self.read(column, T::EXPECTED, T::from_cell)
    }

    /// The cell as whatever `read` makes of it; `expected` says what that is, with its article.
    ///
    /// # Errors
    ///
    /// [`DecodeError`], which names the column, where it does not exist or `read` returns `None`.
    pub fn read<T>(
        &self,
        column: usize,
        expected: &str,
        read: impl FnOnce(Option<&'a BStr>) -> Option<T>,
    ) -> Result<T, DecodeError> {
        let Some(described) = self.rows.columns.get(column) else {
            return Err(DecodeError::no_column(&column.to_string()));
        };
        let cell = self.bytes(column);
        read(cell)
            .ok_or_else(|| DecodeError::cell(described.name.as_bstr(), self.index, expected, cell))
    }
}

impl fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cells = (0..self.len())
            .map(|column| (self.rows.columns[column].name.as_bstr(), self.bytes(column)));
        f.debug_map().entries(cells).finish()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The body of a RowDescription of text columns.
    pub(crate) fn description(names: &[&str]) -> Vec<u8> {
        let mut body = (names.len() as u16).to_be_bytes().to_vec();
        for name in names {
            body.extend(name.as_bytes());
            body.extend([
                0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 255, 255, 255, 255, 255, 255, 0, 0,
            ]);
        }
        body
    }

    /// The body of a DataRow.
    pub(crate) fn data_row(cells: &[Option<&str>]) -> Vec<u8> {
        let mut body = (cells.len() as u16).to_be_bytes().to_vec();
        for cell in cells {
            body.extend(cell.map_or(-1, |cell| cell.len() as i32).to_be_bytes());
            body.extend(cell.unwrap_or_default().as_bytes());
        }
        body
    }

    #[test]
    fn cells_columns_and_nulls() {
        let mut rows = Rows::describe(&description(&["oid", "relname"])).unwrap();
        rows.push(&data_row(&[Some("16384"), Some("orders")]))
            .unwrap();
        rows.push(&data_row(&[Some(""), None])).unwrap();
        rows.set_tag(b"SELECT 2\0");
        assert_eq!(rows.len(), 2);
        assert_eq!(rows.columns()[1].type_oid, 25);
        let name = rows.column("relname").unwrap();
        let seen: Vec<_> = rows.iter().map(|row| row.bytes(name)).collect();
        assert_eq!(seen, [Some("orders".into()), None]);
        assert_eq!(rows.get(1).unwrap().bytes(0), Some("".into()));
        assert_eq!(rows.get(0).unwrap().get::<u32>(0).unwrap(), 16384);
        assert_eq!(rows.get(0).unwrap().bytes(2), None);
        assert!(rows.get(2).is_none());
        assert_eq!(rows.command_tag(), "SELECT 2");
        assert!(
            rows.column("nothing")
                .unwrap_err()
                .to_string()
                .contains("nothing")
        );
        assert!(rows.one().is_err());
    }

    #[test]
    fn malformed_messages_are_refused() {
        assert!(Rows::describe(&description(&["a"])[..10]).is_none());
        let mut rows = Rows::describe(&description(&["a"])).unwrap();
        let row = data_row(&[Some("text")]);
        for end in 0..row.len() {
            assert!(rows.push(&row[..end]).is_none(), "{end}");
        }
        assert!(rows.push(&data_row(&[Some("a"), Some("b")])).is_none());
        assert!(rows.push(&[0, 1, 0xff, 0xff, 0xff, 0xfe]).is_none());
    }
}
