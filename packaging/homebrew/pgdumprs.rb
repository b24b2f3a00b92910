class Pgdumprs < Formula
  desc "{{summary}}"
  homepage "{{repository}}"
  version "{{version}}"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
      url "{{aarch64-apple-darwin.url}}"
      sha256 "{{aarch64-apple-darwin.sha256}}"
    end
    on_intel do
      url "{{x86_64-apple-darwin.url}}"
      sha256 "{{x86_64-apple-darwin.sha256}}"
    end
  end

  on_linux do
    on_arm do
      url "{{aarch64-unknown-linux-musl.url}}"
      sha256 "{{aarch64-unknown-linux-musl.sha256}}"
    end
    on_intel do
      url "{{x86_64-unknown-linux-musl.url}}"
      sha256 "{{x86_64-unknown-linux-musl.sha256}}"
    end
  end

  def install
    bin.install "pgdumprs"
    generate_completions_from_executable(bin/"pgdumprs", "--generate")
    (man1/"pgdumprs.1").write Utils.safe_popen_read(bin/"pgdumprs", "--generate", "man")
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/pgdumprs --version")
    assert_match "could not open", shell_output("#{bin}/pgdumprs verify absent.dump 2>&1", 1)
  end
end
