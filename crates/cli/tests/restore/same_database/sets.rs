//! What there is before: nothing, schemas and types, what comes before rows, that and rows, all definitions, or everything. Behind it the
//! options, a set a line.

/// For every run.
pub(super) const SETS: &str = "
nothing
nothing: -e --no-security-labels
nothing: -s --no-statistics
nothing: -a
nothing: -c
nothing: -O -x --no-comments
nothing: --no-policies --no-publications --no-subscriptions
nothing: --no-security-labels
nothing: --no-table-access-method --no-tablespaces
nothing: --section=pre-data --section=post-data
nothing: --role={nobody} -O -x
nothing: --use-set-session-authorization
nothing: -1
nothing: --transaction-size=7 --no-security-labels
nothing: -L{reversed list}
nothing: -L{list of some} --no-data-for-failed-tables
types: -nshop
types: -titem -Iitem_note -Ttouch -Ptwice(integer)
types: -tfree -tcounted
types: -nOdd \"schema\" -O
types: -Nshop
types: --filter={filter}
before: --section=data
rows: --section=post-data
rows: -Iitem_note -Icounted_mood
definitions: -a --disable-triggers -S{superuser} --use-set-session-authorization
definitions: -a -1
definitions: -a -nshop --disable-triggers --no-data-for-failed-tables
definitions: --section=data --transaction-size=3 --disable-triggers
definitions: --no-schema --enable-row-security
definitions: --statistics-only
everything
everything: -c
everything: -c --if-exists -1 --no-security-labels
everything: -c --if-exists -nshop
everything: --no-data-for-failed-tables
nothing: -C --no-comments -x
everything: -C -c --if-exists -O
";

/// For thorough runs.
pub(super) const MORE: &str = "
nothing: -s
nothing: -c --if-exists
nothing: -O
nothing: -x
nothing: --no-comments
nothing: --no-policies
nothing: --no-publications
nothing: --no-subscriptions
nothing: --no-statistics
nothing: --no-table-access-method
nothing: --no-tablespaces
nothing: --no-data
nothing: --no-schema
nothing: --section=pre-data
nothing: --section=post-data
nothing: --enable-row-security
nothing: --role={superuser}
nothing: --role={nobody}
nothing: --use-set-session-authorization -c --if-exists
nothing: -1 --no-security-labels
nothing: --transaction-size=20
nothing: -npublic
nothing: -titem
nothing: -Nshop
nothing: -L{list}
nothing: -L{list of some}
nothing: --filter={filter}
types: -nshop -npublic -titem
types: -Npublic
types: -titem
types: -titem -tbasket -tplain --no-data-for-failed-tables
types: -tcheap
types: -tcounted
types: -tfree
types: -Ptwice(integer) -Pwatch()
types: -c --if-exists -tplain
before: -Iitem_note
before: -Ttouch
before: --section=data --section=post-data
rows: -Ttouch -nshop
rows: --section=post-data -c --if-exists
definitions: -a
definitions: -a --disable-triggers
definitions: -a --disable-triggers -S{superuser}
definitions: -a --disable-triggers -1
definitions: -a -tplain
definitions: --section=data --disable-triggers
definitions: --no-data-for-failed-tables
definitions: -c
definitions: -c --if-exists
everything: -e
everything: -1
everything: -c --if-exists
everything: -c --if-exists -titem
everything: -c -tplain
everything: -c -s
everything: -c --section=post-data
everything: -c --if-exists --transaction-size=9
everything: -c -O -x --no-comments
everything: -a
everything: -L{reversed list} -c
nothing: -C
nothing: -C -s
everything: -C
everything: -C -c
";
