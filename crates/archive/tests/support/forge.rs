//! Archives that no writer would make.

/// Assembles an archive byte by byte, as its attacker would.
#[derive(Clone, Default)]
pub(crate) struct Forge(pub(crate) Vec<u8>);

impl Forge {
    /// A good header of version 1.16.
    pub(crate) fn new(method: u8) -> Self {
        let mut forge = Forge(b"PGDMP\x01\x10\x00\x04\x08\x01".to_vec());
        forge.0.push(method);
        (0..7)
            .fold(forge, |forge, _| forge.int(0))
            .null()
            .null()
            .null()
    }

    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn int(self, value: i32) -> Self {
        let sign = u8::from(value < 0);
        self.bytes(&[sign])
            .bytes(&value.unsigned_abs().to_le_bytes())
    }

    pub(crate) fn null(self) -> Self {
        self.int(-1)
    }

    pub(crate) fn text(self, text: &str) -> Self {
        self.int(text.len() as i32).bytes(text.as_bytes())
    }

    /// An entry up to and without its offset.
    pub(crate) fn entry(self, dump_id: i32, had_dumper: i32, descriptor: &str) -> Self {
        self.any_entry(dump_id, had_dumper, descriptor, None, &[])
    }

    /// An entry of a table's data behind this COPY statement, up to and without its offset.
    pub(crate) fn copied(self, dump_id: i32, copy: &str) -> Self {
        self.any_entry(dump_id, 1, "TABLE DATA", Some(copy), &[])
    }

    /// An entry that depends on these, up to and without its offset.
    pub(crate) fn depending(self, dump_id: i32, dependencies: &[&str]) -> Self {
        self.any_entry(dump_id, 0, "TABLE", None, dependencies)
    }

    fn any_entry(
        self,
        dump_id: i32,
        had_dumper: i32,
        descriptor: &str,
        copy: Option<&str>,
        dependencies: &[&str],
    ) -> Self {
        let begun = self
            .int(dump_id)
            .int(had_dumper)
            .text("0")
            .text("0")
            .null()
            .text(descriptor)
            .int(3)
            .null()
            .null();
        let begun = match copy {
            Some(copy) => begun.text(copy),
            None => begun.null(),
        };
        let begun = begun.null().null().null().int(0).null().text("false");
        let listed = dependencies.iter().fold(begun, |forge, id| forge.text(id));
        listed.null()
    }

    pub(crate) fn unset(self) -> Self {
        self.bytes(&[1, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    pub(crate) fn set(self, offset: u64) -> Self {
        self.bytes(&[2]).bytes(&offset.to_le_bytes())
    }

    /// An archive of one table, up to its data.
    pub(crate) fn one_table(method: u8) -> Self {
        Forge::new(method)
            .int(1)
            .entry(1, 1, "TABLE DATA")
            .unset()
            .bytes(&[1])
            .int(1)
    }

    pub(crate) fn chunk(self, payload: &[u8]) -> Self {
        self.int(payload.len() as i32).bytes(payload)
    }

    pub(crate) fn here(&self) -> u64 {
        self.0.len() as u64
    }
}
