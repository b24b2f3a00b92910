//! The members of a tar file: which one comes next, and the list that ends large objects.

use std::io::Read;

use bstr::BString;
use tar::Header;

use crate::{
    Error, Result,
    format::{chunk::ChunkState, file_name},
    reader::source::Source,
};

/// Everything in a tar file begins at a multiple of this.
pub(crate) const BLOCK: usize = 512;
/// What is being read, for errors.
const IN_TAR: &str = "the tar file";
/// The longest line in a list of large objects: two numbers of ten digits and what is between them.
const LONGEST_LINE: usize = 32;

/// The head of a member, behind which its bytes come.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: BString,
    pub(crate) length: u64,
    /// Where the head stands.
    pub(crate) at: u64,
    /// Not a link, a folder, a device or a note about another member.
    pub(crate) is_file: bool,
}

impl Member {
    /// Reads a head out of a block that stands at `at`.
    pub(crate) fn decode(block: &[u8; BLOCK], at: u64) -> Result<Self> {
        let header = Header::from_byte_slice(block);
        if !checksum_is_right(header) {
            return Err(Error::corrupt(at, "there is no head of a tar member"));
        }
        let length = header
            .entry_size()
            .ok()
            .filter(|&length| i64::try_from(length).is_ok())
            .ok_or_else(|| Error::corrupt(at, "a tar member's length is no number"))?;
        let name = header.path_bytes();
        Ok(Member {
            name: name.strip_prefix(b"./").unwrap_or(&name).into(),
            length,
            at,
            is_file: header.entry_type().is_file(),
        })
    }

    /// Reads the next head; `None` where the tar file ends, behind which there may be zeros and nothing else.
    pub(crate) fn next<R: Read>(source: &mut Source<R>) -> Result<Option<Self>> {
        let at = source.position();
        let mut block = [0; BLOCK];
        if source.read_up_to(&mut block)? < BLOCK {
            return Err(Error::Truncated {
                offset: source.position(),
                inside: IN_TAR,
            });
        }
        if block != [0; BLOCK] {
            return Self::decode(&block, at).map(Some);
        }
        loop {
            let at = source.position();
            let count = source.read_some(&mut block)?;
            if let Some(index) = block[..count].iter().position(|&byte| byte != 0) {
                let at = at + index as u64;
                return Err(Error::corrupt(at, "something follows the tar file's end"));
            }
            if count == 0 {
                return Ok(None);
            }
        }
    }
}

/// Whether this is the head of a tar member.
pub(crate) fn is_head(start: &[u8]) -> bool {
    start
        .first_chunk::<BLOCK>()
        .is_some_and(|block| checksum_is_right(Header::from_byte_slice(block)))
}

/// The sum of a head's bytes, with blanks in place of the sum itself. A block of zeros has no sum.
fn checksum_is_right(header: &Header) -> bool {
    let bytes = header.as_bytes();
    let own = &header.as_old().cksum;
    let sum = |bytes: &[u8]| bytes.iter().map(|&byte| u32::from(byte)).sum::<u32>();
    let blanks = own.len() as u32 * u32::from(b' ');
    header.cksum().ok() == Some(sum(bytes) - sum(own) + blanks)
}

/// Passes over what fills a member up to a whole block.
pub(crate) fn pass_padding<R: Read>(source: &mut Source<R>) -> Result<()> {
    let over = source.position() % BLOCK as u64;
    if over == 0 {
        return Ok(());
    }
    source.skip(BLOCK as u64 - over, IN_TAR)
}

/// Passes over a member whose head has been read.
pub(crate) fn pass<R: Read>(source: &mut Source<R>, member: &Member) -> Result<()> {
    source.skip(member.length, IN_TAR)?;
    pass_padding(source)
}

/// How far the large objects of an entry have been read: a member each, and then the list of them.
#[derive(Debug)]
pub(crate) struct LargeObjectMembers {
    /// The name of the list.
    list: BString,
    /// Those met so far, which the list must name.
    met: Vec<u32>,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// The head of this member has been read.
    Before(Member),
    /// In the member of a large object.
    Within,
    Ended,
}

impl LargeObjectMembers {
    /// Begins with a member that was met, be it a large object or the list of none.
    pub(crate) fn begin(first: Member, list: BString) -> Self {
        LargeObjectMembers {
            list,
            met: Vec::new(),
            place: Place::Before(first),
        }
    }

    /// Goes to the next large object, and gives its oid and where its head stands; `None` behind the list.
    pub(crate) fn advance<R: Read>(
        &mut self,
        source: &mut Source<R>,
        stream: &mut ChunkState,
    ) -> Result<Option<(u32, u64)>> {
        let member = match std::mem::replace(&mut self.place, Place::Ended) {
            Place::Ended => return Ok(None),
            Place::Before(member) => member,
            Place::Within => {
                stream.skip(source)?;
                pass_padding(source)?;
                let at = source.position();
                Member::next(source)?.ok_or_else(|| self.without_list(at))?
            }
        };
        match file_name::large_object(&member.name) {
            Some(oid) if member.is_file => {
                self.met.push(oid);
                *stream = ChunkState::of_length(member.length);
                self.place = Place::Within;
                Ok(Some((oid, member.at)))
            }
            _ if member.name == self.list && member.is_file => {
                self.check_list(source, &member)?;
                Ok(None)
            }
            _ => Err(self.without_list(member.at)),
        }
    }

    fn without_list(&self, at: u64) -> Error {
        let problem = format!("large objects without {}, the list of them", self.list);
        Error::corrupt(at, problem)
    }

    /// Reads the list, which must name the large objects that were met before it, in their order.
    fn check_list<R: Read>(&self, source: &mut Source<R>, member: &Member) -> Result<()> {
        let end = source.position() + member.length;
        for oid in &self.met {
            let at = source.position();
            let expected = file_name::list_line(*oid);
            let mut line = [0; LONGEST_LINE + 1];
            let left = usize::try_from(end - at).unwrap_or(usize::MAX);
            let line = &mut line[..expected.len().min(left)];
            if source.read_up_to(line)? < line.len() {
                return Err(Error::Truncated {
                    offset: source.position(),
                    inside: IN_TAR,
                });
            }
            if *line != *expected.as_bytes() {
                let problem = format!("{} does not name large object {oid} here", self.list);
                return Err(Error::corrupt(at, problem));
            }
        }
        if source.position() < end {
            let problem = format!("{} names large objects that are not there", self.list);
            return Err(Error::corrupt(source.position(), problem));
        }
        pass_padding(source)
    }
}
