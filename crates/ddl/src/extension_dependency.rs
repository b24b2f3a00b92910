//! ALTER … DEPENDS ON EXTENSION: objects that are dropped with an extension they are no members of.

use bstr::BString;
use pgdumprs_catalog::class;

use crate::dump::Dump;
use crate::object::Object;

/// The statements that make `object` depend on extensions again; `named` is what follows ALTER: its key word and name, as in
/// `INDEX public.i`. Empty for most objects. Each statement begins with a newline and ends without one.
pub(crate) fn statements(dump: &Dump, object: &Object, named: &BString) -> BString {
    let mut text = BString::default();
    if !object.depends_on_ext {
        return text;
    }
    // The rows are sorted by the object that depends.
    let rows = &dump.details.dependencies;
    let first = rows.partition_point(|row| row.object < object.catalog_id);
    for row in rows[first..]
        .iter()
        .take_while(|row| row.object == object.catalog_id)
    {
        if row.kind == b'x'
            && row.on.tableoid == class::PG_EXTENSION
            && let Some(extension) = dump.objects.find(row.on)
        {
            let extension = &dump.objects.get(extension).name;
            push!(
                text,
                "\nALTER ",
                named,
                " DEPENDS ON EXTENSION ",
                dump.ident(extension),
                ";"
            );
        }
    }
    text
}
