#include "holdfast/core/trust/anchor_sources.h"

#include <dlfcn.h>
#include <nspr.h>
#include <pk11pub.h>
#include <pkcs11.h>
#include <pkcs11n.h>
#include <secmod.h>
#include <secmodt.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/nss/nss_ptr.h"
#include "holdfast/core/trust/der_reader.h"
#include "holdfast/core/trust/pem.h"

namespace holdfast {
namespace {

// The slots that softoken lets its callers open. NSS takes them from the lowest
// upwards, so we take them from the highest down.
constexpr CK_SLOT_ID kFirstUserSlot = 4;
constexpr CK_SLOT_ID kLastUserSlot = 100;

absl::Status Unreadable(std::string message) {
  return MakeStatus(ErrorCode::kTrustUnreadable, Phase::kSetup,
                    std::move(message));
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  // read() reports what fails (a directory's first byte does); an iterator
  // would throw it.
  std::string content;
  char block[4096];
  while (file.read(block, sizeof block), file.gcount() > 0) {
    content.append(block, static_cast<size_t>(file.gcount()));
  }
  if (file.is_open() && !file.bad()) return content;
  return Unreadable(
      absl::StrCat("The file ", path, " cannot be read: ", strerror(errno)));
}

template <typename T>
absl::string_view BytesOfValue(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

CK_ATTRIBUTE Attribute(CK_ATTRIBUTE_TYPE type, absl::string_view value) {
  return {type, const_cast<char*>(value.data()), value.size()};
}

// A read-only PKCS#11 session. Owns it.
class Session {
 public:
  Session(CK_FUNCTION_LIST* module, CK_SLOT_ID slot) : module_(module) {
    open_ = module_->C_OpenSession(slot, CKF_SERIAL_SESSION, nullptr, nullptr,
                                   &handle_) == CKR_OK;
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    if (open_) module_->C_CloseSession(handle_);
  }

  bool is_open() const { return open_; }

  // Objects with all these attributes.
  std::vector<CK_OBJECT_HANDLE> Find(std::vector<CK_ATTRIBUTE> wanted) const {
    std::vector<CK_OBJECT_HANDLE> found;
    if (module_->C_FindObjectsInit(handle_, wanted.data(), wanted.size()) !=
        CKR_OK) {
      return found;
    }
    CK_OBJECT_HANDLE some[64];
    CK_ULONG count = 0;
    while (module_->C_FindObjects(handle_, some, std::size(some), &count) ==
               CKR_OK &&
           count > 0) {
      found.insert(found.end(), some, some + count);
    }
    module_->C_FindObjectsFinal(handle_);
    return found;
  }

  // Empty if the object has no such attribute.
  std::string Get(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const {
    CK_ATTRIBUTE attribute = {type, nullptr, 0};
    if (module_->C_GetAttributeValue(handle_, object, &attribute, 1) !=
            CKR_OK ||
        attribute.ulValueLen == CK_UNAVAILABLE_INFORMATION) {
      return "";
    }
    std::string value(attribute.ulValueLen, '\0');
    attribute.pValue = value.data();
    return module_->C_GetAttributeValue(handle_, object, &attribute, 1) ==
                   CKR_OK
               ? value
               : "";
  }

  // Softoken opens and closes slots when it is told to "create" this.
  bool SendSlotCommand(CK_OBJECT_CLASS command, const std::string& spec) const {
    CK_ATTRIBUTE attributes[] = {
        Attribute(CKA_CLASS, BytesOfValue(command)),
        // With its final NUL.
        Attribute(CKA_NSS_MODULE_SPEC, {spec.c_str(), spec.size() + 1})};
    CK_OBJECT_HANDLE unused = 0;
    return module_->C_CreateObject(handle_, attributes, std::size(attributes),
                                   &unused) == CKR_OK;
  }

 private:
  CK_FUNCTION_LIST* const module_;
  CK_SESSION_HANDLE handle_ = 0;
  bool open_ = false;
};

// What a token says of certificates as TLS servers or their authorities.
enum class TrustLevel { kAuthority, kPeer, kDistrusted, kNothing };

// Trust objects of NSS's own kind, and those of PKCS #11 3.2, which newer NSS
// writes. The headers that we compile with do not know the latter.
struct TrustObjects {
  CK_OBJECT_CLASS object_class;
  CK_ATTRIBUTE_TYPE server_auth;
  CK_TRUST authority;
  CK_TRUST peer;
  CK_TRUST distrusted;
};
constexpr TrustObjects kTrustObjects[] = {
    {CKO_NSS_TRUST, CKA_TRUST_SERVER_AUTH, CKT_NSS_TRUSTED_DELEGATOR,
     CKT_NSS_TRUSTED, CKT_NSS_NOT_TRUSTED},
    {/*CKO_TRUST=*/0x0b, /*CKA_PKCS_TRUST_SERVER_AUTH=*/0x62c,
     /*CKT_TRUST_ANCHOR=*/2, /*CKT_TRUSTED=*/1, /*CKT_NOT_TRUSTED=*/3},
};

TrustLevel ReadTrustLevel(const TrustObjects& kind, absl::string_view level) {
  if (level == BytesOfValue(kind.authority)) return TrustLevel::kAuthority;
  if (level == BytesOfValue(kind.peer)) return TrustLevel::kPeer;
  if (level == BytesOfValue(kind.distrusted)) return TrustLevel::kDistrusted;
  return TrustLevel::kNothing;
}

// After which certificates of servers are not believed for its sake. NSS keeps
// a UTCTime, or a CK_FALSE if there is none.
std::optional<absl::Time> ReadDistrustDate(const Session& session,
                                           CK_OBJECT_HANDLE certificate) {
  return ParseDerTime(kDerUtcTime,
                      session.Get(certificate, CKA_NSS_SERVER_DISTRUST_AFTER));
}

void AddAuthority(const Session& session, CK_OBJECT_HANDLE object,
                  std::string der, Anchors* anchors) {
  if (!anchors->AddAuthority(der)) return;
  const auto date = ReadDistrustDate(session, object);
  if (date) anchors->DistrustAfter(der, *date);
}

void AddCertificate(const Session& session, CK_OBJECT_HANDLE object,
                    TrustLevel level, Anchors* anchors) {
  std::string der = session.Get(object, CKA_VALUE);
  switch (level) {
    case TrustLevel::kAuthority:
      return AddAuthority(session, object, std::move(der), anchors);
    case TrustLevel::kPeer:
      return anchors->AddPeer(std::move(der));
    case TrustLevel::kDistrusted:
      return anchors->Distrust(std::move(der));
    case TrustLevel::kNothing:
      break;
  }
}

void AddTrustedOf(const TrustObjects& kind, const Session& session,
                  Anchors* anchors) {
  const CK_OBJECT_CLASS certificate_class = CKO_CERTIFICATE;
  for (const CK_OBJECT_HANDLE trust :
       session.Find({Attribute(CKA_CLASS, BytesOfValue(kind.object_class))})) {
    const TrustLevel level =
        ReadTrustLevel(kind, session.Get(trust, kind.server_auth));
    if (level == TrustLevel::kNothing) continue;
    const std::string issuer = session.Get(trust, CKA_ISSUER);
    const std::string serial = session.Get(trust, CKA_SERIAL_NUMBER);
    const std::vector<CK_OBJECT_HANDLE> certificates = session.Find(
        {Attribute(CKA_CLASS, BytesOfValue(certificate_class)),
         Attribute(CKA_ISSUER, issuer), Attribute(CKA_SERIAL_NUMBER, serial)});
    if (level == TrustLevel::kDistrusted && certificates.empty()) {
      anchors->Distrust(issuer, serial);
    }
    for (const CK_OBJECT_HANDLE certificate : certificates) {
      AddCertificate(session, certificate, level, anchors);
    }
  }
}

// Adds what a token trusts for TLS servers, and what it distrusts. Trust is
// kept in objects of their own, which name a certificate by issuer and serial
// number; a distrusted certificate need not be there itself.
void AddTrusted(const Session& session, Anchors* anchors) {
  for (const TrustObjects& kind : kTrustObjects) {
    AddTrustedOf(kind, session, anchors);
  }
}

// `text` between `open` and `close`, as NSS's module specifications quote.
std::string Quoted(absl::string_view text, char open, char close) {
  std::string quoted(1, open);
  for (const char c : text) {
    if (c == '\\' || c == close) quoted.push_back('\\');
    quoted.push_back(c);
  }
  quoted.push_back(close);
  return quoted;
}

// A slot that is in use by nobody; nullopt if there is none.
std::optional<CK_SLOT_ID> FindFreeSlot(CK_FUNCTION_LIST* module) {
  for (CK_SLOT_ID slot = kLastUserSlot; slot >= kFirstUserSlot; --slot) {
    CK_SLOT_INFO info = {};
    if (module->C_GetSlotInfo(slot, &info) != CKR_OK ||
        (info.flags & CKF_TOKEN_PRESENT) == 0) {
      return slot;
    }
  }
  return std::nullopt;
}

// NSS's own PKCS#11 module, softoken, which reads databases.
CK_FUNCTION_LIST* Softoken() {
  return static_cast<CK_FUNCTION_LIST*>(
      SECMOD_GetInternalModule()->functionList);
}

bool ReadDatabase(const std::string& directory, Anchors* anchors) {
  CK_FUNCTION_LIST* const softoken = Softoken();
  NssPtr<PK11SlotInfo> internal(PK11_GetInternalSlot());
  const Session commands(softoken, PK11_GetSlotID(internal.get()));
  const std::optional<CK_SLOT_ID> slot = FindFreeSlot(softoken);
  if (!commands.is_open() || !slot) return false;
  const std::string token =
      absl::StrCat("configDir=", Quoted("sql:" + directory, '\'', '\''),
                   " flags=readOnly,noKeyDB");
  const std::string spec = absl::StrCat(
      "tokens=",
      Quoted(absl::StrCat(*slot, "=", Quoted(token, '<', '>')), '[', ']'));
  if (!commands.SendSlotCommand(CKO_NSS_NEWSLOT, spec)) return false;
  const Session session(softoken, *slot);
  if (!session.is_open()) return false;
  AddTrusted(session, anchors);
  return session.SendSlotCommand(CKO_NSS_DELSLOT, spec);
}

// The PKCS#11 module in the file `path`, ready to be asked; null if it cannot
// be had. It stays loaded.
CK_FUNCTION_LIST* StartModule(const std::string& path) {
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* const entry =
      library != nullptr ? dlsym(library, "C_GetFunctionList") : nullptr;
  CK_FUNCTION_LIST* module = nullptr;
  if (entry == nullptr ||
      reinterpret_cast<CK_C_GetFunctionList>(entry)(&module) != CKR_OK) {
    return nullptr;
  }
  CK_C_INITIALIZE_ARGS arguments = {};
  arguments.flags = CKF_OS_LOCKING_OK;
  const CK_RV started = module->C_Initialize(&arguments);
  return started == CKR_OK || started == CKR_CRYPTOKI_ALREADY_INITIALIZED
             ? module
             : nullptr;
}

// Calls `work` for each token of the module.
template <typename Work>
void ForEachSession(CK_FUNCTION_LIST* module, Work work) {
  CK_SLOT_ID slots[16];
  CK_ULONG count = std::size(slots);
  if (module->C_GetSlotList(CK_TRUE, slots, &count) != CKR_OK) return;
  for (CK_ULONG i = 0; i < count; ++i) {
    const Session session(module, slots[i]);
    if (session.is_open()) work(session);
  }
}

absl::Status ReadPemFile(const std::string& path, bool may_skip,
                         Anchors* anchors) {
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  std::optional<std::vector<std::string>> certificates =
      ParsePem(*text, "CERTIFICATE");
  if (!certificates || certificates->empty()) {
    return Unreadable(absl::StrCat("The file ", path, " holds ",
                                   certificates ? "no" : "a damaged",
                                   " PEM certificate."));
  }
  size_t damaged = 0;
  for (std::string& der : *certificates) {
    if (!anchors->AddAuthority(std::move(der))) ++damaged;
  }
  if (damaged == 0 || (may_skip && damaged < certificates->size())) {
    return absl::OkStatus();
  }
  return Unreadable(
      absl::StrCat("The file ", path, " holds a damaged certificate."));
}

// One thread at a time may look for a free slot and take it.
std::mutex& SlotMutex() {
  static auto* const mutex = new std::mutex;  // never destroyed: no order
  return *mutex;
}

}  // namespace

absl::Status LoadPemFile(const std::string& path, Anchors* anchors) {
  return ReadPemFile(path, /*may_skip=*/false, anchors);
}

absl::Status LoadBundle(const std::string& path, Anchors* anchors) {
  return ReadPemFile(path, /*may_skip=*/true, anchors);
}

absl::Status LoadNssDatabase(const NssRuntime&, const std::string& directory,
                             Anchors* anchors) {
  // Looked for here: what NSS says of a missing file is not to be understood.
  const std::string file = directory + "/cert9.db";
  if (!std::ifstream(file).is_open()) {
    return Unreadable(
        absl::StrCat("There is no NSS database in ", directory,
                     ": cert9.db cannot be read: ", strerror(errno)));
  }
  std::lock_guard<std::mutex> lock(SlotMutex());
  if (ReadDatabase(directory, anchors)) return absl::OkStatus();
  return Unreadable(
      absl::StrCat("NSS cannot read the database in ", directory, "."));
}

absl::Status LoadBuiltinRoots(const std::string& path, Anchors* anchors) {
  CK_FUNCTION_LIST* const module = StartModule(path);
  if (module == nullptr) {
    return Unreadable(absl::StrCat("NSS's module of built-in roots, ", path,
                                   ", cannot be loaded and started."));
  }
  ForEachSession(module, [anchors](const Session& session) {
    AddTrusted(session, anchors);
  });
  return absl::OkStatus();
}

void LoadDistrustDates(const std::vector<std::string>& paths,
                       Anchors* anchors) {
  CK_FUNCTION_LIST* newest = nullptr;
  std::pair<int, int> newest_version;
  for (const std::string& path : paths) {
    CK_FUNCTION_LIST* const module = StartModule(path);
    CK_INFO info = {};
    if (module == nullptr || module->C_GetInfo(&info) != CKR_OK) continue;
    const std::pair<int, int> version = {info.libraryVersion.major,
                                         info.libraryVersion.minor};
    if (newest != nullptr && version <= newest_version) continue;
    newest = module;
    newest_version = version;
  }
  if (newest == nullptr) return;
  ForEachSession(newest, [anchors](const Session& session) {
    const CK_OBJECT_CLASS certificate_class = CKO_CERTIFICATE;
    for (const CK_OBJECT_HANDLE certificate : session.Find(
             {Attribute(CKA_CLASS, BytesOfValue(certificate_class))})) {
      const auto date = ReadDistrustDate(session, certificate);
      if (date)
        anchors->DistrustAfter(session.Get(certificate, CKA_VALUE), *date);
    }
  });
}

}  // namespace holdfast
