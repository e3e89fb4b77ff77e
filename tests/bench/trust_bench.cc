// What it costs to verify a chain, next to OpenSSL in the same run: chains as
// servers send them, and the worst that are known. Only the ratios mean
// anything on a shared machine; they stand at the end. The same chain comes
// again and again, so that what is remembered of it counts.
//
//   cmake --preset release -DHOLDFAST_BENCH=ON
//   cmake --build --preset release --target holdfast_trust_bench
//   build/release/tests/holdfast_trust_bench
//
// Where HOLDFAST_X509_CASES is set, worst/nc_untrusted is among them.

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "holdfast/core/trust/pem.h"
#include "holdfast/core/trust/trust.h"
#include "holdfast/tests/helpers/certificate_maker.h"
#include "holdfast/tests/helpers/other_verifiers.h"
#include "holdfast/tests/helpers/trust_checker.h"

namespace holdfast::test {
namespace {

constexpr char kHost[] = "mail.example.com";

struct Chain {
  std::vector<std::string> anchors;  // DER
  std::vector<std::string> chain;
  std::string host = kHost;
};

std::vector<GeneralName> Names(int count, absl::string_view domain) {
  std::vector<GeneralName> names;
  for (int i = 0; i < count; ++i) {
    names.push_back(
        {GeneralName::Kind::kDns, absl::StrCat("h", i, ".", domain)});
  }
  return names;
}

// Of two authorities, whose keys are of this type.
Chain Ordinary(const std::string& key) {
  CertificateSpec root_spec = AuthoritySpec("Root");
  root_spec.key = MakeKey(key);
  CertificateSpec issuer_spec = AuthoritySpec("Issuer");
  issuer_spec.key = MakeKey(key);
  const MadeCertificate root = MakeCertificate(root_spec);
  const MadeCertificate issuer = MakeCertificate(issuer_spec, &root);
  const MadeCertificate leaf = MakeCertificate(LeafSpec(kHost), &issuer);
  return {{root.der}, {leaf.der, issuer.der}};
}

// `names` names in the leaf, its host's the last; `trees` of them all excluded
// by the root, none of which holds one of the names.
Chain NamesAndTrees(int names, int trees) {
  CertificateSpec root_spec = AuthoritySpec("Root");
  if (trees > 0) {
    SetExtension(NameConstraints({}, Names(trees, "example.org")), &root_spec);
  }
  const MadeCertificate root = MakeCertificate(root_spec);
  CertificateSpec spec = LeafSpec(kHost);
  std::vector<GeneralName> all = Names(names - 1, "example.com");
  all.push_back({GeneralName::Kind::kDns, kHost});
  SetExtension(SubjectAltName(all), &spec);
  return {{root.der}, {MakeCertificate(spec, &root).der}};
}

// Forty certificates between the leaf and its issuer that nothing needs.
Chain Unneeded() {
  Chain chain = Ordinary("P-256");
  for (int i = 0; i < 40; ++i) {
    chain.chain.insert(
        chain.chain.begin() + 1,
        MakeCertificate(AuthoritySpec(absl::StrCat("Unneeded ", i))).der);
  }
  return chain;
}

// Two hundred keys under the issuer's name, none of which is the issuer's.
Chain ManyKeys() {
  Chain chain = Ordinary("P-256");
  chain.chain.pop_back();
  const MadeCertificate root = MakeCertificate(AuthoritySpec("Root"));
  for (int i = 0; i < 200; ++i) {
    chain.chain.push_back(MakeCertificate(AuthoritySpec("Issuer"), &root).der);
  }
  chain.anchors = {root.der};
  return chain;
}

std::vector<std::string> ReadPem(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string pem(std::istreambuf_iterator<char>(file), {});
  return ParsePem(pem, "CERTIFICATE").value_or(std::vector<std::string>());
}

Chain KnownWorst(const std::string& directory) {
  Chain chain{ReadPem(directory + "/root.pem"),
              ReadPem(directory + "/nc_untrusted.pem"), "localhost"};
  for (std::string& der : ReadPem(directory + "/nc_untrusted.chain")) {
    chain.chain.push_back(std::move(der));
  }
  return chain;
}

void Holdfast(benchmark::State& state, const Chain& chain) {
  const TrustChecker checker;
  const auto trust = *checker.Load(chain.anchors);
  const Host host = *Host::Parse(chain.host);
  const absl::Time now = absl::Now();
  for (auto _ : state) {
    benchmark::DoNotOptimize(trust->Verify(chain.chain, host, now));
  }
}

void Openssl(benchmark::State& state, const Chain& chain) {
  const OpensslVerifier verifier(chain.anchors, OpensslRules::kUsual);
  const absl::Time now = absl::Now();
  for (auto _ : state) {
    benchmark::DoNotOptimize(verifier.Verify(chain.chain, chain.host, now));
  }
}

// Prints the usual table, and keeps the times.
class Reporter : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      // Of the processor: others use this machine too.
      seconds_[run.benchmark_name()] =
          run.cpu_accumulated_time / static_cast<double>(run.iterations);
    }
    ConsoleReporter::ReportRuns(runs);
  }

  void PrintRatio(const std::string& name) const {
    const auto ours = seconds_.find(name + "/Holdfast");
    const auto theirs = seconds_.find(name + "/OpenSSL");
    if (ours == seconds_.end() || theirs == seconds_.end()) return;
    std::printf("%-24s %10.3f ms / %8.3f ms = %8.2f\n", name.c_str(),
                ours->second * 1e3, theirs->second * 1e3,
                ours->second / theirs->second);
  }

 private:
  std::map<std::string, double> seconds_;
};

std::vector<std::pair<std::string, Chain>> Chains() {
  std::vector<std::pair<std::string, Chain>> chains = {
      {"P256", Ordinary("P-256")},
      {"P384", Ordinary("P-384")},
      {"RSA2048", Ordinary("RSA:2048")},
      {"Unneeded40", Unneeded()},
      {"Names3400", NamesAndTrees(3400, 0)},
      {"Names100Trees100", NamesAndTrees(100, 100)},
      {"Names400Trees400", NamesAndTrees(400, 400)},
      {"Names1000Trees1000", NamesAndTrees(1000, 1000)},
      {"Keys200", ManyKeys()},
  };
  if (const char* const cases = std::getenv("HOLDFAST_X509_CASES")) {
    chains.emplace_back("nc_untrusted",
                        KnownWorst(absl::StrCat(cases, "/worst")));
  }
  return chains;
}

}  // namespace
}  // namespace holdfast::test

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  const auto chains = holdfast::test::Chains();
  for (const auto& [name, chain] : chains) {
    for (const auto& [by, run] :
         {std::make_pair("/Holdfast", holdfast::test::Holdfast),
          std::make_pair("/OpenSSL", holdfast::test::Openssl)}) {
      benchmark::RegisterBenchmark((name + by).c_str(), run, chain)
          ->Unit(benchmark::kMicrosecond);
    }
  }
  holdfast::test::Reporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  std::printf("\nHoldfast / OpenSSL\n");
  for (const auto& [name, chain] : chains) reporter.PrintRatio(name);
  return 0;
}
