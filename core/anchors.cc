#include "core/anchors.h"

#include <cert.h>
#include <dlfcn.h>
#include <nspr.h>
#include <pk11pub.h>
#include <pkcs11.h>
#include <pkcs11n.h>
#include <secasn1.h>
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
#include "core/error.h"
#include "core/nss_item.h"
#include "core/nss_ptr.h"
#include "core/pem.h"

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

// The subject of a certificate, as DER, at a small part of what a whole
// certificate costs; nullopt if `der` is none. A bundle holds 150 of them.
std::optional<std::string> SubjectOf(absl::string_view der) {
  NssPtr<PLArenaPool> arena(PORT_NewArena(DER_DEFAULT_CHUNKSIZE));
  CERTCertificate fields = {};
  const SECItem item = ItemOf(der);
  if (SEC_QuickDERDecodeItem(arena.get(), &fields,
                             SEC_ASN1_GET(SEC_SignedCertificateTemplate),
                             &item) != SECSuccess) {
    return std::nullopt;
  }
  return std::string(BytesOf(fields.derSubject));
}

// False if `der` is no certificate.
bool AddAuthority(std::string der, Anchors* anchors) {
  std::optional<std::string> subject = SubjectOf(der);
  if (!subject) return false;
  anchors->authorities.emplace(*std::move(subject), std::move(der));
  return true;
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

// Adds what a token trusts for TLS servers. NSS keeps trust in objects of their
// own, which name a certificate by issuer and serial number.
void AddTrusted(const Session& session, Anchors* anchors) {
  const CK_OBJECT_CLASS trust_class = CKO_NSS_TRUST;
  const CK_OBJECT_CLASS certificate_class = CKO_CERTIFICATE;
  const CK_TRUST authority = CKT_NSS_TRUSTED_DELEGATOR;
  const CK_TRUST peer = CKT_NSS_TRUSTED;
  for (const CK_OBJECT_HANDLE trust :
       session.Find({Attribute(CKA_CLASS, BytesOfValue(trust_class))})) {
    const std::string level = session.Get(trust, CKA_TRUST_SERVER_AUTH);
    const bool is_authority = level == BytesOfValue(authority);
    if (!is_authority && level != BytesOfValue(peer)) continue;
    const std::string issuer = session.Get(trust, CKA_ISSUER);
    const std::string serial = session.Get(trust, CKA_SERIAL_NUMBER);
    for (const CK_OBJECT_HANDLE certificate :
         session.Find({Attribute(CKA_CLASS, BytesOfValue(certificate_class)),
                       Attribute(CKA_ISSUER, issuer),
                       Attribute(CKA_SERIAL_NUMBER, serial)})) {
      std::string der = session.Get(certificate, CKA_VALUE);
      if (is_authority) {
        AddAuthority(std::move(der), anchors);
      } else {
        anchors->peers.insert(std::move(der));
      }
    }
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

// One thread at a time may look for a free slot and take it.
std::mutex& SlotMutex() {
  static auto* const mutex = new std::mutex;  // never destroyed: no order
  return *mutex;
}

}  // namespace

absl::Status LoadPemFile(const std::string& path, Anchors* anchors) {
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  std::optional<std::vector<std::string>> certificates =
      ParsePem(*text, "CERTIFICATE");
  if (!certificates || certificates->empty()) {
    return Unreadable(absl::StrCat("The file ", path, " holds ",
                                   certificates ? "no" : "a damaged",
                                   " PEM certificate."));
  }
  for (std::string& der : *certificates) {
    if (!AddAuthority(std::move(der), anchors)) {
      return Unreadable(
          absl::StrCat("The file ", path, " holds a damaged certificate."));
    }
  }
  return absl::OkStatus();
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
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* const entry =
      library != nullptr ? dlsym(library, "C_GetFunctionList") : nullptr;
  CK_FUNCTION_LIST* module = nullptr;
  if (entry == nullptr ||
      reinterpret_cast<CK_C_GetFunctionList>(entry)(&module) != CKR_OK) {
    return Unreadable(absl::StrCat("NSS's module of built-in roots, ", path,
                                   ", cannot be loaded."));
  }
  CK_C_INITIALIZE_ARGS arguments = {};
  arguments.flags = CKF_OS_LOCKING_OK;
  const CK_RV started = module->C_Initialize(&arguments);
  CK_SLOT_ID slots[16];
  CK_ULONG count = std::size(slots);
  if ((started != CKR_OK && started != CKR_CRYPTOKI_ALREADY_INITIALIZED) ||
      module->C_GetSlotList(CK_TRUE, slots, &count) != CKR_OK) {
    return Unreadable(absl::StrCat(path, " cannot be started."));
  }
  for (CK_ULONG i = 0; i < count; ++i) {
    const Session session(module, slots[i]);
    if (session.is_open()) AddTrusted(session, anchors);
  }
  return absl::OkStatus();
}

}  // namespace holdfast
