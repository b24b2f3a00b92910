//! ALTER … DEPENDS ON EXTENSION: objects that are dropped with an extension they are no members of.

use bstr::BString;
use pgdumprs_catalog::class;

use crate::state::dump::Dump;
use crate::state::object::Object;

/// The statements that make `object` depend on extensions again; `named` is what follows ALTER: its key word and name, as in
/// `INDEX public.i`. Empty for most objects. Each statement begins with a newline and ends without one.
pub(crate) fn statements(dump: &Dump, object: &Object, named: &BString) -> BString {
    let mut text = BString::default();
    if !object.depends_on_ext {
        return text;
    }
    let rows = &dump.details.extension_dependencies;
    let first = rows.partition_point(|row| row.object < object.catalog_id);
    let own = rows[first..]
        .iter()
        .take_while(|row| row.object == object.catalog_id);
    for extension in
        own.filter_map(|row| dump.objects.find_object(class::PG_EXTENSION, row.extension))
    {
        let extension = dump.ident(&extension.name);
        push!(
            text,
            "\nALTER ",
            named,
            " DEPENDS ON EXTENSION ",
            extension,
            ";"
        );
    }
    text
}
