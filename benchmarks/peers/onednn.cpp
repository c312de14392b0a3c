//===- onednn.cpp - convolutions of oneDNN, for protocol.py ---------------===//
//
// Weights are packed ahead. Variant `any` leaves the layout of the image to
// oneDNN, `channels last` gives it; both are packed ahead as well.
//
//===----------------------------------------------------------------------===//

#include <nlohmann/json.hpp>
#include <oneapi/dnnl/dnnl.hpp>

#include <chrono>
#include <fstream>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <unordered_map>

using json = nlohmann::json;
using dnnl::memory;
using Dims = memory::dims;
using Tag = memory::format_tag;
using Type = memory::data_type;

namespace {
/// The sizes of a request, as oneDNN takes them.
struct Problem {
  std::string op, type;
  Dims x, w, y, stride, dilation, low, high;
  bool hasGroups;

  explicit Problem(const json &given) {
    op = given.at("op");
    type = given.at("type");
    x = given.at("x").get<Dims>();
    w = given.at("w").get<Dims>();
    y = given.at("y").get<Dims>();
    stride = given.at("stride").get<Dims>();
    dilation = given.at("dilation").get<Dims>();
    for (auto &step : dilation)
      --step; // oneDNN counts what lies between
    low = given.at("low").get<Dims>();
    high = given.at("high").get<Dims>();
    const memory::dim groups = given.at("groups");
    hasGroups = groups > 1;
    if (hasGroups) {
      w[0] /= groups;
      w.insert(w.begin(), groups);
    }
  }

  Type elements() const {
    return type == "f32" ? Type::f32 : type == "bf16" ? Type::bf16 : Type::s8;
  }
  Type sums() const { return type == "i8" ? Type::s32 : elements(); }
};

Tag channelsFirst(size_t dims) {
  const Tag tags[] = {Tag::abc, Tag::abcd, Tag::abcde, Tag::abcdef};
  return tags[dims - 3];
}

Tag channelsLast(size_t dims) {
  const Tag tags[] = {Tag::acb, Tag::acdb, Tag::acdeb};
  return tags[dims - 3];
}

std::vector<char> readFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A primitive with its arguments.
struct Variant {
  dnnl::primitive primitive;
  std::unordered_map<int, memory> arguments;
  memory::desc first, second, result;
  int firstArgument, secondArgument, resultArgument;
};

class Peer {
public:
  json answer(const json &request) {
    if (request.at("do") == "open")
      return open(request);
    if (request.at("do") == "time")
      return time(request.at("variant"), request.at("repeat"));
    variants.clear();
    return json::object();
  }

private:
  using Clock = std::chrono::steady_clock;

  void run(Variant &variant) {
    variant.primitive.execute(stream, variant.arguments);
    stream.wait();
  }

  json time(size_t number, int repeat) {
    Variant &variant = variants.at(number);
    std::vector<double> seconds;
    for (int i = 0; i < repeat; ++i) {
      auto start = Clock::now();
      run(variant);
      seconds.push_back(
          std::chrono::duration<double>(Clock::now() - start).count());
    }
    return {{"seconds", seconds}};
  }

  /// The primitive of `problem` with images in `tag`.
  Variant build(const Problem &p, Tag tag) {
    using namespace dnnl;
    const Type in = p.elements();
    const bool isTransposed = p.op == "transposed";
    memory::desc x(p.x, in, tag), w(p.w, in, Tag::any);
    memory::desc y(p.y, p.op.rfind("backward", 0) == 0 ? in : p.sums(), tag);
    const auto direct = algorithm::convolution_direct;
    const auto inference = prop_kind::forward_inference;
    if (isTransposed) {
      deconvolution_forward::primitive_desc pd(
          engine, inference, algorithm::deconvolution_direct, x, w, y, p.stride,
          p.dilation, p.low, p.high);
      return {deconvolution_forward(pd),
              {},
              pd.src_desc(),
              pd.weights_desc(),
              pd.dst_desc(),
              DNNL_ARG_SRC,
              DNNL_ARG_WEIGHTS,
              DNNL_ARG_DST};
    }
    if (p.op == "forward") {
      convolution_forward::primitive_desc pd(engine, inference, direct, x, w, y,
                                             p.stride, p.dilation, p.low,
                                             p.high);
      return {convolution_forward(pd), {},
              pd.src_desc(),           pd.weights_desc(),
              pd.dst_desc(),           DNNL_ARG_SRC,
              DNNL_ARG_WEIGHTS,        DNNL_ARG_DST};
    }
    convolution_forward::primitive_desc hint(
        engine, prop_kind::forward_training, direct, x, w, y, p.stride,
        p.dilation, p.low, p.high);
    if (p.op == "backward_data") {
      convolution_backward_data::primitive_desc pd(
          engine, direct, x, w, y, p.stride, p.dilation, p.low, p.high, hint);
      return {convolution_backward_data(pd),
              {},
              pd.diff_dst_desc(),
              pd.weights_desc(),
              pd.diff_src_desc(),
              DNNL_ARG_DIFF_DST,
              DNNL_ARG_WEIGHTS,
              DNNL_ARG_DIFF_SRC};
    }
    convolution_backward_weights::primitive_desc pd(
        engine, direct, x, w, y, p.stride, p.dilation, p.low, p.high, hint);
    return {convolution_backward_weights(pd),
            {},
            pd.src_desc(),
            pd.diff_dst_desc(),
            pd.diff_weights_desc(),
            DNNL_ARG_SRC,
            DNNL_ARG_DIFF_DST,
            DNNL_ARG_DIFF_WEIGHTS};
  }

  /// What lies in a file with channels first, in the layout `wanted`.
  memory load(const std::string &path, const memory::desc &wanted, bool isI8) {
    std::vector<char> bytes = readFile(path);
    memory::desc plain(wanted.get_dims(), isI8 ? Type::s8 : Type::f32,
                       channelsFirst(wanted.get_ndims()));
    if (bytes.size() != plain.get_size())
      throw std::runtime_error(path + " has " + std::to_string(bytes.size()) +
                               " bytes, needed " +
                               std::to_string(plain.get_size()));
    memory from(plain, engine, bytes.data()), to(wanted, engine);
    dnnl::reorder(from, to).execute(stream, from, to);
    stream.wait();
    return to;
  }

  void store(const std::string &path, memory &from, bool isI8) {
    memory::desc plain(from.get_desc().get_dims(), isI8 ? Type::s32 : Type::f32,
                       channelsFirst(from.get_desc().get_ndims()));
    std::vector<char> bytes(plain.get_size());
    memory to(plain, engine, bytes.data());
    dnnl::reorder(from, to).execute(stream, from, to);
    stream.wait();
    std::ofstream(path, std::ios::binary).write(bytes.data(), bytes.size());
  }

  json open(const json &request) {
    const Problem problem(request.at("problem"));
    const bool isI8 = problem.type == "i8";
    variants.clear();
    json names = json::array(), unsupported = json::object();
    const std::pair<const char *, Tag> layouts[] = {
        {"any", Tag::any}, {"channels last", channelsLast(problem.x.size())}};
    for (auto [name, tag] : layouts) {
      try {
        Variant v = build(problem, tag);
        v.arguments = {
            {v.firstArgument, load(request.at("operands")[0], v.first, isI8)},
            {v.secondArgument, load(request.at("operands")[1], v.second, isI8)},
            {v.resultArgument, memory(v.result, engine)}};
        run(v);
        store(request.at("result").get<std::string>() + "." +
                  std::to_string(variants.size()),
              v.arguments.at(v.resultArgument), isI8);
        variants.push_back(std::move(v));
        json once = time(variants.size() - 1, 1);
        names.push_back({{"name", name}, {"seconds", once["seconds"][0]}});
      } catch (const dnnl::error &error) {
        unsupported[name] = error.message;
      }
    }
    return {{"variants", names}, {"unsupported", unsupported}};
  }

  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  std::vector<Variant> variants;
};
} // namespace

int main() {
  Peer peer;
  for (std::string line; std::getline(std::cin, line);) {
    json answer;
    try {
      answer = peer.answer(json::parse(line));
    } catch (const std::exception &error) {
      answer = {{"error", error.what()}};
    }
    std::cout << answer.dump() << std::endl;
  }
}
