#!/usr/bin/env bash
# The work of action.yml: gets pgdumprs, backs up a database into a file that is verified, stores it, and removes the oldest of its kind.
#
# Its inputs are the variables BACKUP_*, as action.yml sets them, and those of the runner. It keeps to what bash 3.2 has, which macOS comes with.
set -euo pipefail
umask 077

folder="$RUNNER_TEMP/pgdumprs"
error_file="$folder/error.txt"
mkdir -p "$folder"

# Tells the log, the summary and the caller that there is no backup, or not all that was asked for.
fail() {
  local message="$*"
  {
    echo "### The backup failed"
    echo
    printf '~~~~text\n%s\n~~~~\n' "$message"
  } >>"$GITHUB_STEP_SUMMARY"
  message="${message//%/%25}"
  message="${message//$'\r'/%0D}"
  printf '::error title=Backup::%s\n' "${message//$'\n'/%0A}" >&2
  exit 1
}

# Runs a command whose words on standard error are shown, and are the reason where it fails.
attempt() {
  local what="$1"
  shift
  { "$@" 2>&1 >&3 3>&- | tee "$error_file" >&2; } 3>&1 || fail "$what: $(tail -n 4 "$error_file")"
}

output() {
  printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

# Has the runner hide a text wherever it would show.
mask() {
  local text="${1//%/%25}"
  text="${text//$'\r'/%0D}" text="${text//$'\n'/%0A}"
  [ -z "$text" ] || printf '::add-mask::%s\n' "$text"
}

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi <"$1" | cut -d ' ' -f 1
}

# ---------------------------------------------------------------- the file's name

# Leaves in $pattern what names look like that were made by the template, and in $name the one of now.
name_file() {
  if [ -z "$BACKUP_FILE" ]; then
    # Names that any database may have: another one's backups in the same place would be taken for older ones of this.
    [ -z "$BACKUP_KEEP" ] || fail "keep: the input file names the files, such as shop-%Y-%m-%d.dump, so that only this database's are counted"
    BACKUP_FILE=backup-%Y-%m-%dT%H%M%SZ.dump
  fi
  local rest="$BACKUP_FILE" fields=""
  pattern=""
  while [ -n "$rest" ]; do
    case "$rest" in
      %Y*) pattern+='[0-9]{4}' fields+=Y rest="${rest#%Y}" ;;
      %[mdHMS]*) pattern+='[0-9]{2}' fields+="${rest:1:1}" rest="${rest#%?}" ;;
      .*) pattern+='[.]' rest="${rest#.}" ;;
      [A-Za-z0-9_-]*) pattern+="${rest:0:1}" rest="${rest#?}" ;;
      *) fail "file: \"$BACKUP_FILE\" may have letters, digits, dots, hyphens, underscores, and %Y, %m, %d, %H, %M and %S" ;;
    esac
  done
  case "$BACKUP_FILE" in
    [._-]*) fail "file: \"$BACKUP_FILE\" must begin with a letter, a digit or %Y" ;;
  esac
  # Only then the order of the names is that of the days.
  case "$fields" in
    Ymd | YmdH | YmdHM | YmdHMS) ;;
    *) [ -z "$BACKUP_KEEP" ] || fail "keep: the file's name must have %Y, %m, %d, and may have %H, %M and %S, in this order" ;;
  esac
  name="$(date -u "+$BACKUP_FILE")"
}

# ---------------------------------------------------------------- the program

# Leaves in $target what the runner is to Rust.
choose_target() {
  case "$RUNNER_OS/$RUNNER_ARCH" in
    Linux/X64) target=x86_64-unknown-linux-musl ;;
    Linux/ARM64) target=aarch64-unknown-linux-musl ;;
    macOS/X64) target=x86_64-apple-darwin ;;
    macOS/ARM64) target=aarch64-apple-darwin ;;
    # Windows on ARM runs programs for x86-64.
    Windows/X64 | Windows/ARM64) target=x86_64-pc-windows-gnu ;;
    *) fail "there is no pgdumprs for $RUNNER_OS on $RUNNER_ARCH; the input program takes one that was built elsewhere" ;;
  esac
}

# Fetches a release's program, checks it against the release's sums, unpacks it, and leaves its path in $program.
fetch_program() {
  local version="${BACKUP_VERSION#v}" archive release file expected found
  # The action stands in the repository of the program: its own version is that of the release.
  [ -n "$version" ] || version="$(sed -n 's/^version = "\(.*\)"$/\1/p' "$GITHUB_ACTION_PATH/Cargo.toml" | head -n 1)"
  choose_target
  archive="pgdumprs-$version-$target.tar.gz"
  [ "$RUNNER_OS" != Windows ] || archive="pgdumprs-$version-$target.zip"
  release="$BACKUP_RELEASES/v$version"
  for file in "$archive" SHA256SUMS; do
    attempt "fetching $file of pgdumprs $version" \
      curl --fail --silent --show-error --location --retry 3 --output "$folder/$file" "$release/$file"
  done
  expected="$(awk -v name="$archive" '$2 == name || $2 == "*" name { print $1 }' "$folder/SHA256SUMS")"
  found="$(sha256 "$folder/$archive")"
  [ -n "$expected" ] || fail "SHA256SUMS of pgdumprs $version does not name $archive"
  [ "$found" = "$expected" ] || fail "$archive has the SHA-256 $found, and its release says $expected: it is not run"
  case "$archive" in
    *.zip) attempt "unpacking $archive" unzip -q -o "$folder/$archive" -d "$folder" ;;
    *) attempt "unpacking $archive" tar -xzf "$folder/$archive" -C "$folder" ;;
  esac
  program="$folder/pgdumprs-$version-$target/pgdumprs"
  [ "$RUNNER_OS" != Windows ] || program+=.exe
}

# ---------------------------------------------------------------- the connection

# Takes the password out of the URL, which shows in the list of processes, and leaves the rest in $connection.
prepare_connection() {
  local url="$BACKUP_URL" password
  connection=()
  unset BACKUP_URL
  [ -n "$url" ] || return 0
  mask "$url"
  if [[ "$url" =~ ^(postgres(ql)?://[^:@/]*):([^@/]*)@(.*)$ ]]; then
    password="${BASH_REMATCH[3]}"
    url="${BASH_REMATCH[1]}@${BASH_REMATCH[4]}"
    mask "$password"
    [[ "$password" =~ ^([^%]|%[0-9A-Fa-f]{2})*$ ]] || fail "url: a % in the password is written %25"
    password="${password//\\/\\\\}"
    printf -v password '%b' "${password//%/\\x}"
    mask "$password"
    export PGPASSWORD="$password"
  fi
  case "$url" in
    postgres://* | postgresql://*)
      [[ "$url" =~ ^[a-z]+://([^:@/]*@)?[^@]*$ ]] ||
        fail "url: within a user's name or a password, : is written %3A, @ %40 and / %2F, and nothing behind the host has an @"
      ;;
  esac
  # Where it is not looked for, it would show.
  [[ ! "$url" =~ password[[:space:]]*= ]] ||
    fail "url: a password stands before the host (postgresql://user:password@host/database), or in the variable PGPASSWORD"
  connection=(-d "$url")
}

# ---------------------------------------------------------------- stores

# Each has: upload FILE; list, which prints the size and the name of each file with a tab between them; remove NAME.
# $place is the destination without its scheme and without a slash at its end, $name the new file's.

s3_upload() { aws s3 cp --only-show-errors "$1" "s3://$place/$name"; }
s3_list() { aws s3 ls "s3://$place/" | sed -n -E $'s/^[-0-9]+ +[:0-9]+ +([0-9]+) (.*)$/\\1\t\\2/p'; }
s3_remove() { aws s3 rm --only-show-errors "s3://$place/$1"; }

gs_upload() { gcloud storage cp --quiet "$1" "gs://$place/$name"; }
# Of a bucket that keeps versions, only those that are current.
gs_list() {
  gcloud storage ls --long "gs://$place/" | sed -n -E $'s/^ *([0-9]+) +[-:0-9TZ]+ +gs:.*\\/([^/]+)$/\\1\t\\2/p'
}
gs_remove() { gcloud storage rm --quiet "gs://$place/$1"; }

az_blob() {
  local account="${place%%/*}" rest="${place#*/}" action="$1"
  shift
  case "${AZURE_STORAGE_KEY:-}${AZURE_STORAGE_CONNECTION_STRING:-}${AZURE_STORAGE_SAS_TOKEN:-}" in
    "") export AZURE_STORAGE_AUTH_MODE="${AZURE_STORAGE_AUTH_MODE:-login}" ;;
  esac
  az storage blob "$action" --account-name "$account" --container-name "${rest%%/*}" --only-show-errors "$@"
}
# The folder within the container, with a slash at its end where there is one.
az_folder() {
  local rest="${place#*/}"
  case "$rest" in
    */*) echo "${rest#*/}/" ;;
  esac
}
az_upload() { az_blob upload --name "$(az_folder)$name" --file "$1" --overwrite true --no-progress --output none; }
az_list() {
  local within
  within="$(az_folder)"
  az_blob list --prefix "$within" --num-results '*' --query '[].[properties.contentLength,name]' --output tsv |
    awk -F '\t' -v within="$within" '{ name = substr($2, length(within) + 1); if (name !~ /\//) print $1 "\t" name }'
}
az_remove() { az_blob delete --name "$(az_folder)$1" --output none; }

release_upload() {
  local visibility
  visibility="$(gh repo view "$GITHUB_REPOSITORY" --json visibility --jq .visibility)"
  if [ "$visibility" != PRIVATE ]; then
    echo "$GITHUB_REPOSITORY is $visibility and not private: others could read what its releases hold" >&2
    return 1
  fi
  gh release view "$place" --repo "$GITHUB_REPOSITORY" >/dev/null 2>&1 ||
    gh release create "$place" --repo "$GITHUB_REPOSITORY" --prerelease --title "$place" --notes "Backups." >/dev/null
  gh release upload "$place" "$1" --repo "$GITHUB_REPOSITORY"
}
release_list() {
  gh release view "$place" --repo "$GITHUB_REPOSITORY" --json assets --jq '.assets[] | [.size, .name] | @tsv'
}
release_remove() { gh release delete-asset "$place" "$1" --repo "$GITHUB_REPOSITORY" --yes; }

# Splits the destination into $store and $place.
choose_store() {
  store=""
  case "$BACKUP_DESTINATION" in
    "")
      [ -z "$BACKUP_KEEP" ] || fail "keep: nothing is kept without a destination"
      return 0
      ;;
    s3://?* | gs://?*) store="${BACKUP_DESTINATION%%:*}" place="${BACKUP_DESTINATION#*://}" ;;
    az://?*/?*) store=az place="${BACKUP_DESTINATION#az://}" ;;
    release:?*) store=release place="${BACKUP_DESTINATION#release:}" ;;
    *) fail "destination: s3://BUCKET/FOLDER, gs://BUCKET/FOLDER, az://ACCOUNT/CONTAINER/FOLDER or release:TAG is expected" ;;
  esac
  place="${place%/}"
  local needed="$store"
  case "$store" in
    s3) needed=aws ;;
    gs) needed=gcloud ;;
    release) needed=gh ;;
  esac
  command -v "$needed" >/dev/null || fail "destination: $store needs the program $needed, which this runner has not"
}

list_store() { "${store}_list" | tr -d '\r'; }

# Removes the oldest of what is stored that was made by the same template, and never the new one.
remove_old() {
  local old
  cut -f 2 "$folder/stored.txt" | grep -E "^$pattern\$" | LC_ALL=C sort -r | tail -n "+$((BACKUP_KEEP + 1))" >"$folder/old.txt"
  while IFS= read -r old; do
    [ "$old" != "$name" ] || continue
    attempt "the backup is stored, but $old, which is to be removed, is not" "${store}_remove" "$old" </dev/null
    removed+=("$old")
  done <"$folder/old.txt"
}

# ---------------------------------------------------------------- the work

case "$BACKUP_KEEP" in
  *[!0-9]* | 0* | ???????*) fail "keep: a number of files is expected, of at least one and less than a million" ;;
esac
name_file
choose_store
prepare_connection

program="$BACKUP_PROGRAM"
[ -n "$program" ] || fetch_program
version="$("$program" --version)" || fail "\"$program\" cannot be run"

options=()
while IFS= read -r option; do
  option="${option%$'\r'}"
  [ -z "$option" ] || options+=("$option")
done <<<"$BACKUP_OPTIONS"
case "$BACKUP_VERIFY" in
  true) options+=(--verify) ;;
  false) ;;
  *) fail "verify: true or false is expected" ;;
esac

path="$folder/$name" report="$folder/$name.json"
attempt "the database was not backed up" "$program" dump -w ${options[@]+"${options[@]}"} ${connection[@]+"${connection[@]}"} \
  --report json --report-file "$report" -f "$path"
unset PGPASSWORD
[ -f "$path" ] || fail "options: this action stores one file, not the folder that -Fd writes"

number() { grep -o ",\"$1\":[0-9]*" "$report" | head -n 1 | cut -d : -f 2; }
size="$(wc -c <"$path" | tr -d ' ')"
sum="$(sha256 "$path")"
output path "$path"
output name "$name"
output size "$size"
output sha256 "$sum"
output report "$report"
output tables "$(number tables)"
output rows "$(number rows)"

removed=()
if [ -n "$store" ]; then
  attempt "the backup could not be stored, and nothing was removed" "${store}_upload" "$path"
  attempt "what is stored could not be listed, and nothing was removed" list_store >"$folder/stored.txt"
  grep -q -x -F "$size"$'\t'"$name" "$folder/stored.txt" ||
    fail "$name is not in $BACKUP_DESTINATION with its $size bytes after it was stored; nothing was removed"
  [ -z "$BACKUP_KEEP" ] || remove_old
fi

{
  echo "### Backed up: \`$name\`"
  echo
  echo "| | |"
  echo "| --- | --- |"
  echo "| size | $size bytes |"
  echo "| tables, rows | $(number tables), $(number rows) |"
  echo "| SHA-256 | \`$sum\` |"
  echo "| read back and compared | $BACKUP_VERIFY |"
  echo "| stored in | ${BACKUP_DESTINATION:-a file of this job} |"
  echo "| removed | ${removed[*]-} |"
  echo "| by | $version |"
} >>"$GITHUB_STEP_SUMMARY"
echo "Backed up into $name: $size bytes, $(number tables) tables, $(number rows) rows."
