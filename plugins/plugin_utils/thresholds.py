"""Every limit that a verdict, a flag, a chart or a sentence compares with, once. Fractions unless a name has a unit."""

from __future__ import annotations

from typing import Final

# Any metric
ABOVE_CEILING: Final = 1.05  # more than this of a documented ceiling is impossible
THROTTLED: Final = 0.95  # of the first rate, while the same work continues
UNSTABLE: Final = 0.1  # MAD over median
CPU_BOUND: Final = 0.95  # of a core, which iperf3 kept busy
BUSY_NODE: Final = 0.25  # of the cores, in use by others before the measurements
SWAP_GROWTH_BYTES: Final = 64 * 2**20

# History
REGRESSION: Final = 0.05  # the least change of a median that counts
REGRESSION_SIGMAS: Final = 3
REGRESSION_RUNS: Final = 5  # the fewest earlier runs that say something
UNIFORM_LEAST: Final = 3  # values; fewer that became worse by the same are no common cause
UNIFORM_PART: Final = 0.9  # of the compared values, worse by the same: the whole run is slower
UNIFORM_SPREAD: Final = 0.05  # two losses of speed that differ by less are the same

# Compute and memory, of a documented peak. Published measurements on Metal reach 0.81 to 0.91.
COMPUTE_GOOD: Final = 0.75
COMPUTE_USUAL: Final = 0.9  # the upper end of what such chips reach
COMPUTE_FAULT: Final = 0.5
EQUAL_CHIPS: Final = 0.9  # of the fastest; chips of one kind differ by 5 %
UNEQUAL_NODES: Final = 1.25  # the fastest node against the slowest: equal parts of the work no longer fit
CPU_BLAS_LOW: Final = 0.5  # MLX on a CPU against NumPy
LARGE_PRODUCT: Final = 4096  # rows; smaller products do not fill a large GPU
GPU_BUSY: Final = 0.7  # of the time; below it the GPU waits for the host
GPU_FULL_CLOCK: Final = 0.9  # of the highest clock
GPU_WORKING_SET: Final = 0.75  # of the memory: what a Mac's GPU may use above 32 GB

# Links, of a documented ceiling
LINK_FULL: Final = 0.9
LINK_LIMIT: Final = 0.8
LINK_FAULT: Final = 0.5
LINK_LOSS: Final = 0.001  # of the segments
LINK_FASTER: Final = 1.2  # another link against the one that the cluster uses
EQUAL_SPEEDS: Final = 1.01  # two speeds that an interface reports, within their rounding
UDP_LOSS: Final = 0.01  # of the datagrams, at half of the TCP goodput
BUFFERBLOAT: Final = 10  # the loaded round trip (p95) against the idle one
BUFFERBLOAT_SECONDS: Final = 0.005  # a shorter loaded round trip is no finding
QUICK_LINK_SECONDS: Final = 100e-6  # below this round trip, layers split over nodes can speed up one stream
GAIN_LEAST: Final = 1.01  # a smaller gain cannot be measured
SWITCH_CARRIED: Final = 0.8  # of the sum of the single rates, with all nodes sending
# Links among equals: of what the link model expects
OUTLIER_FAULT: Final = 0.8
OUTLIER_FAULT_ONE_WAY: Final = 0.5  # one direction of one pair, which a busy sender explains too
SEVERAL_STREAMS: Final = 1.3  # several streams against one
# Between virtual interfaces: what CPUs carry comes near a standard rate by chance, and varies
VIRTUAL_STEADY: Final = 0.03  # of the median: a smaller spread is that of a wire
CPU_CARRIES_BPS: Final = 1e9  # bit/s that every CPU carries

# Ray and collectives
OBJECTS_LOW: Final = 0.4  # of the link's goodput; one object at a time usually gets half of a fast link
OBJECTS_LEAST_BYTES: Final = 16 * 2**20  # smaller objects measure latency
COLLECTIVE_LOW: Final = 0.5  # of the slowest link of the ring
SCALING_GOOD: Final = 0.8
SCALING_PART: Final = 0.1  # of the time: the least part that is named as the cause

# Nodes
CERTIFICATE_RENEW: Final = 30  # days before the end of a certificate: site.yml renews it from then on
DISK_SPILL: Final = 0.95  # of the disk: Ray stops spilling objects there
