//===- Npy.cpp - tensors in files of NumPy --------------------------------===//

#include "dconv/Runtime/Npy.h"
#include "dconv/Runtime/AtomicFile.h"
#include "dconv/Runtime/BoxView.h"

#include <cerrno>
#include <cstring>
#include <memory>

namespace dconv::runtime {

namespace {

constexpr char magic[] = "\x93NUMPY";
constexpr size_t magicSize = 6;
/// What NumPy itself writes is below 64 KiB.
constexpr uint32_t longestHeader = 1 << 20;

/// NumPy's name of the type that `type` is stored as.
const char *descrOf(ElementType type) {
  switch (type) {
  case ElementType::F16:
    return "<f2";
  case ElementType::BF16:
    return "<u2";
  case ElementType::F32:
    return "<f4";
  case ElementType::F64:
    return "<f8";
  case ElementType::I8:
    return "|i1";
  case ElementType::I16:
    return "<i2";
  case ElementType::I32:
    return "<i4";
  case ElementType::I64:
    return "<i8";
  }
  return "";
}

/// True where a file of type `descr` holds elements of `type`.
bool holds(const std::string &descr, ElementType type) {
  if (descr.size() != 3 || (descr[0] == '>' && descr[2] != '1'))
    return false;
  const std::string needed = descrOf(type);
  const bool bothIntegers =
      descr[1] == 'u' && needed[1] == 'i'; // the same bits
  return descr[2] == needed[2] && (descr[1] == needed[1] || bothIntegers);
}

/// "(3, 4)", "(3,)", "()": as NumPy prints a shape.
std::string tupleOf(const std::vector<int64_t> &shape) {
  std::string text = "(";
  for (size_t d = 0; d < shape.size(); ++d)
    text += (d ? ", " : "") + std::to_string(shape[d]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

struct Header {
  std::string descr;
  bool fortranOrder = false;
  std::vector<int64_t> shape;
};

/// Reads the dictionary of a header, a Python literal.
class HeaderParser {
public:
  explicit HeaderParser(const std::string &text)
      : at(text.c_str()), end(at + text.size()) {}

  /// False where the text is not a dictionary of the three known keys.
  bool parse(Header &header) {
    bool hasDescr = false, hasOrder = false, hasShape = false;
    if (!accept('{'))
      return false;
    while (!accept('}')) {
      std::string key;
      if (!quoted(key) || !accept(':'))
        return false;
      bool good = false;
      if (key == "descr")
        good = hasDescr = quoted(header.descr);
      else if (key == "fortran_order")
        good = hasOrder = boolean(header.fortranOrder);
      else if (key == "shape")
        good = hasShape = tuple(header.shape);
      if (!good)
        return false;
      if (!accept(',') && !peek('}'))
        return false;
    }
    skipSpace();
    return hasDescr && hasOrder && hasShape && at == end;
  }

private:
  void skipSpace() {
    while (at != end && (*at == ' ' || *at == '\n'))
      ++at;
  }
  bool peek(char c) {
    skipSpace();
    return at != end && *at == c;
  }
  bool accept(char c) {
    if (!peek(c))
      return false;
    ++at;
    return true;
  }
  bool quoted(std::string &text) {
    if (!peek('\'') && !peek('"'))
      return false;
    const char quote = *at++;
    const char *begin = at;
    while (at != end && *at != quote)
      ++at;
    if (at == end)
      return false;
    text.assign(begin, at++);
    return true;
  }
  bool word(const char *expected) {
    skipSpace();
    const size_t size = std::strlen(expected);
    if (static_cast<size_t>(end - at) < size ||
        std::strncmp(at, expected, size) != 0)
      return false;
    at += size;
    return true;
  }
  bool boolean(bool &value) {
    value = word("True");
    return value || word("False");
  }
  bool number(int64_t &value) {
    skipSpace();
    const char *begin = at;
    for (value = 0; at != end && *at >= '0' && *at <= '9'; ++at)
      if (__builtin_mul_overflow(value, 10, &value) ||
          __builtin_add_overflow(value, *at - '0', &value))
        return false;
    return at != begin;
  }
  bool tuple(std::vector<int64_t> &values) {
    if (!accept('('))
      return false;
    while (!accept(')')) {
      int64_t value;
      if (!number(value))
        return false;
      values.push_back(value);
      if (!accept(',') && !peek(')'))
        return false;
    }
    return true;
  }

  const char *at;
  const char *const end;
};

struct CloseFile {
  void operator()(std::FILE *file) const { std::fclose(file); }
};

/// Reads magic, version and dictionary; the file is then at the elements.
Result<Header> readHeader(std::FILE *file) {
  unsigned char start[magicSize + 2];
  const size_t got = std::fread(start, 1, sizeof(start), file);
  if (got < sizeof(start) || std::memcmp(start, magic, magicSize) != 0)
    return Error{"is not a .npy file"};
  const int version = start[magicSize];
  if (version < 1 || version > 3)
    return Error{"is of format " + std::to_string(version) + ", needed 1 to 3"};

  unsigned char lengthBytes[4] = {};
  const size_t lengthSize = version == 1 ? 2 : 4;
  if (std::fread(lengthBytes, 1, lengthSize, file) != lengthSize)
    return Error{"ends within its header"};
  uint32_t length = 0;
  for (size_t i = lengthSize; i-- > 0;)
    length = length << 8 | lengthBytes[i];
  if (length > longestHeader)
    return Error{"has a header of " + std::to_string(length) +
                 " bytes, needed at most " + std::to_string(longestHeader)};

  std::string text(length, '\0');
  if (std::fread(text.data(), 1, length, file) != length)
    return Error{"ends within its header"};
  Header header;
  if (!HeaderParser(text).parse(header))
    return Error{"has a header that is not a type, an order and a shape"};
  return header;
}

/// `data`, in column-major order, in row-major order.
std::vector<std::byte> fromFortranOrder(std::vector<std::byte> &data,
                                        ElementType type,
                                        const std::vector<int64_t> &shape) {
  std::vector<std::byte> result(data.size());
  const Box whole = Box::whole(shape);
  BoxView from = viewOf(data.data(), type, whole, whole);
  int64_t stride = bytesOf(type);
  for (BoxView::Dim &dim : from.dims) {
    dim.stride = stride;
    stride *= dim.size;
  }
  copyBox(viewOf(result.data(), type, whole, whole), from);
  return result;
}

} // namespace

Result<std::vector<std::byte>> readNpy(const std::string &path,
                                       ElementType type,
                                       const std::vector<int64_t> &shape) {
  auto failure = [&](const std::string &what) {
    return Error{"'" + path + "' " + what};
  };
  std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rb"));
  if (!file)
    return failure(std::string("cannot be read: ") + std::strerror(errno));

  Result<Header> header = readHeader(file.get());
  if (!header)
    return failure(header.error());
  if (!holds(header->descr, type))
    return failure("has elements of type '" + header->descr + "', needed '" +
                   descrOf(type) + "' for " + toString(type));
  if (header->shape != shape)
    return failure("has shape " + tupleOf(header->shape) + ", needed " +
                   tupleOf(shape));

  std::vector<int64_t> sizes = shape;
  sizes.push_back(bytesOf(type));
  Result<int64_t> bytes = checkedVolume(sizes);
  if (!bytes)
    return failure(bytes.error());
  // Compared before any memory is asked for.
  const long begin = std::ftell(file.get());
  if (begin < 0 || std::fseek(file.get(), 0, SEEK_END) != 0)
    return failure("is no regular file");
  const int64_t held = std::ftell(file.get()) - begin;
  if (held != *bytes)
    return failure("holds " + std::to_string(held) +
                   " bytes of elements, needed " + std::to_string(*bytes));
  std::fseek(file.get(), begin, SEEK_SET);

  std::vector<std::byte> data(*bytes);
  if (std::fread(data.data(), 1, data.size(), file.get()) != data.size())
    return failure(std::string("cannot be read: ") + std::strerror(errno));
  if (header->fortranOrder)
    return fromFortranOrder(data, type, shape);
  return data;
}

Status writeNpy(const std::string &path, ElementType type,
                const std::vector<int64_t> &shape, const void *data) {
  std::string header = std::string("{'descr': '") + descrOf(type) +
                       "', 'fortran_order': False, 'shape': " + tupleOf(shape) +
                       ", }";
  // The elements begin at a multiple of 64; a line feed ends the header.
  const size_t before = magicSize + 4;
  header.append(63 - (before + header.size()) % 64, ' ');
  header += '\n';
  const unsigned char start[] = {
      1, 0, static_cast<unsigned char>(header.size() & 0xFF),
      static_cast<unsigned char>(header.size() >> 8)};
  const size_t bytes = Box::whole(shape).volume() * bytesOf(type);

  return writeAtomically(path, [&](std::FILE *file) {
    return std::fwrite(magic, 1, magicSize, file) == magicSize &&
           std::fwrite(start, 1, sizeof(start), file) == sizeof(start) &&
           std::fwrite(header.data(), 1, header.size(), file) ==
               header.size() &&
           std::fwrite(data, 1, bytes, file) == bytes;
  });
}

} // namespace dconv::runtime
