//! Stand-ins for the clients of stores: each keeps files in a folder, and notes what it was asked for.
//!
//! With `FAILS` in the environment nothing can be uploaded, and with `CUTS` half of it gets there.

use crate::shop::Shop;

/// What they have in common: a file's way into the store.
const COMMON: &str = r#"#!/bin/bash
set -euo pipefail
echo "$(basename "$0") $*" >> "$STORE/commands"
take() {
    [ -z "${FAILS:-}" ] || { echo "the upload was refused" >&2; exit 1; }
    mkdir -p "$(dirname "$2")"
    if [ -n "${CUTS:-}" ]; then head -c 100 "$1" > "$2"; else cp "$1" "$2"; fi
}
list() { find "$1" -maxdepth 1 -type f -printf "$2"; }
unknown() { echo "unknown: $*" >&2; exit 2; }
"#;

const AWS: &str = r#"
path() { echo "$STORE/${1#s3://}"; }
case "$*" in
    "s3 cp --only-show-errors "*" s3://"*) take "$4" "$(path "$5")" ;;
    "s3 rm --only-show-errors s3://"*) rm "$(path "$4")" ;;
    "s3 ls s3://"*/)
        echo "                           PRE a-folder/"
        list "$(path "$3")" '%TY-%Tm-%Td 00:00:00 %10s %f\n' ;;
    *) unknown "$@" ;;
esac
"#;

const GCLOUD: &str = r#"
path() { echo "$STORE/${1#gs://}"; }
case "$*" in
    "storage cp --quiet "*" gs://"*) take "$4" "$(path "$5")" ;;
    "storage rm --quiet gs://"*) rm "$(path "$4")" ;;
    "storage ls --long gs://"*/)
        list "$(path "$4")" '%10s  2020-01-01T00:00:00Z  gs://shop-backups/nightly/%f\n'
        echo "                                 gs://shop-backups/nightly/a-folder/"
        echo "TOTAL: 9 objects, 4242 bytes (4.14kiB)" ;;
    *) unknown "$@" ;;
esac
"#;

const AZ: &str = r#"
[ "$1 $2" = "storage blob" ] && [ "$AZURE_STORAGE_AUTH_MODE" = login ] || unknown "$@"
action=$3
shift 3
while [ $# -gt 0 ]; do
    case "$1" in
        --account-name) account=$2; shift ;;
        --container-name) container=$2; shift ;;
        --name) name=$2; shift ;;
        --file) file=$2; shift ;;
        --prefix) prefix=$2; shift ;;
        --output | --overwrite | --query | --num-results) shift ;;
        --only-show-errors | --no-progress) ;;
        *) unknown "$@" ;;
    esac
    shift
done
place="$STORE/$account/$container"
case "$action" in
    upload) take "$file" "$place/$name" ;;
    delete) rm "$place/$name" ;;
    list)
        list "$place/$prefix" "%s\t$prefix%f\n"
        printf '7\t%sdeeper/shop-2020-01-01.dump\n' "$prefix" ;;
    *) unknown "$@" ;;
esac
"#;

const GH: &str = r#"
place="$STORE/releases"
case "$*" in
    "repo view shop/backend --json visibility --jq .visibility") echo "${VISIBILITY:-PRIVATE}" ;;
    "release view nightly --repo shop/backend") [ -d "$place/nightly" ] ;;
    "release create nightly --repo shop/backend --prerelease "*) mkdir -p "$place/nightly" ;;
    "release upload nightly "*" --repo shop/backend")
        file="$place/nightly/$(basename "$4")"
        [ ! -e "$file" ] || { echo "asset under the same name already exists" >&2; exit 1; }
        take "$4" "$file" ;;
    "release view nightly --repo shop/backend --json assets --jq "*) list "$place/nightly" '%s\t%f\n' ;;
    "release delete-asset nightly "*" --repo shop/backend --yes") rm "$place/nightly/$4" ;;
    *) unknown "$@" ;;
esac
"#;

/// Each store as the input `destination` names it, and its folder.
pub(crate) const STORES: [(&str, &str); 4] = [
    ("s3://shop-backups/nightly", "shop-backups/nightly"),
    ("gs://shop-backups/nightly/", "shop-backups/nightly"),
    ("az://shop/backups/nightly", "shop/backups/nightly"),
    ("release:nightly", "releases/nightly"),
];

/// Puts them on the search path.
pub(crate) fn install(shop: &Shop) {
    for (name, script) in [("aws", AWS), ("gcloud", GCLOUD), ("az", AZ), ("gh", GH)] {
        shop.program(name, &format!("{COMMON}{script}"));
    }
}
