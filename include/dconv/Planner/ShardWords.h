//===- ShardWords.h - words counted shard by shard --------------*- C++ -*-===//

#ifndef DCONV_PLANNER_SHARDWORDS_H
#define DCONV_PLANNER_SHARDWORDS_H

#include "dconv/Planner/Words.h"

namespace dconv {

/// `countWords` for any stripes, and for several shards on a device: those of
/// one device share what they own, and each is brought what it reads and the
/// device does not own. Looks at every shard.
WordCount countWordsOfShards(const Convolution &convolution, const Split &split,
                             int64_t devices);

} // namespace dconv

#endif // DCONV_PLANNER_SHARDWORDS_H
