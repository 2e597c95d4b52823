"""The published numbers that behaviour is fitted to, by the ids that the defaults cite.

W1, W4, W11 and E4 were computed from KuaiRand-Pure (Gao et al., CIKM 2022, doi
10.1145/3511808.3557624); E2 from 12,618 random TikTok posts of one hour (Steel, Schirmer, Ruths,
Pfeffer, 2024). Sound taps are an assumption.
"""

from __future__ import annotations

from typing import Final

BINS: Final = (0, 7, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 1e9)
"""Ends of the bins of duration of W4, s; a bin has its upper end and not its lower one."""
W4: Final = (38.6, 31.5, 29.1, 26.3, 25.0, 19.2, 18.1, 15.4, 11.1, 7.5, 4.1, 2.8)
"""Exposures whose play time, replays included, is at least the duration, per 100, by bin."""
SECONDS: Final = (
    0.5,
    1,
    1.5,
    2,
    2.5,
    3,
    4,
    5,
    6,
    7,
    8,
    10,
    12,
    15,
    20,
    25,
    30,
    40,
    50,
    60,
    80,
    100,
    120,
    150,
    180,
)
"""The seconds of W1."""
W1: Final = {
    (0, 10): (
        0.9841, 0.9312, 0.8072, 0.7205, 0.6624, 0.6195, 0.5515, 0.4912, 0.422, 0.3611, 0.2992,
        0.1933, 0.1242, 0.0807, 0.0391, 0.0212, 0.0153, 0.0085, 0.005, 0.0032, 0.0015, 0.0008,
        0.0003, 0.0003, 0.0002,
    ),
    (10, 15): (
        0.9838, 0.9368, 0.8157, 0.7264, 0.6641, 0.6178, 0.5512, 0.5039, 0.4712, 0.4411, 0.4126,
        0.3588, 0.2919, 0.1543, 0.0724, 0.0418, 0.0227, 0.0105, 0.0058, 0.0035, 0.002, 0.0014,
        0.0011, 0.0007, 0.0004,
    ),
    (15, 20): (
        0.9859, 0.9379, 0.8268, 0.7392, 0.6775, 0.6264, 0.5589, 0.5078, 0.4724, 0.4431, 0.4192,
        0.3777, 0.3471, 0.306, 0.14, 0.0606, 0.0412, 0.0137, 0.0075, 0.0042, 0.0025, 0.0016,
        0.0013, 0.0008, 0.0006,
    ),
    (20, 30): (
        0.9872, 0.9428, 0.8303, 0.7386, 0.6727, 0.6253, 0.5614, 0.5182, 0.4907, 0.4644, 0.4467,
        0.4197, 0.3987, 0.3691, 0.3233, 0.212, 0.0997, 0.0316, 0.0153, 0.0073, 0.0024, 0.0014,
        0.0007, 0.0003, 0.0002,
    ),
    (30, 45): (
        0.986, 0.9406, 0.8347, 0.7511, 0.6938, 0.6529, 0.5912, 0.5504, 0.5178, 0.4958, 0.4774,
        0.445, 0.4204, 0.3899, 0.3452, 0.3026, 0.2639, 0.1104, 0.0261, 0.0144, 0.0046, 0.0021,
        0.0014, 0.0008, 0.0006,
    ),
    (45, 60): (
        0.9869, 0.9415, 0.8373, 0.7617, 0.709, 0.6681, 0.6093, 0.565, 0.5347, 0.5134, 0.4962,
        0.4652, 0.4434, 0.4158, 0.3764, 0.3472, 0.3195, 0.2832, 0.1664, 0.0377, 0.0084, 0.0043,
        0.0026, 0.0014, 0.0008,
    ),
    (60, 90): (
        0.9882, 0.9542, 0.871, 0.8022, 0.7546, 0.7157, 0.6598, 0.6166, 0.5824, 0.558, 0.5342,
        0.5038, 0.4783, 0.4463, 0.411, 0.3775, 0.3524, 0.3058, 0.2627, 0.2239, 0.0714, 0.0101,
        0.0049, 0.0021, 0.0008,
    ),
    (90, 120): (
        0.9872, 0.9541, 0.8699, 0.7966, 0.7459, 0.707, 0.6451, 0.5996, 0.5647, 0.5362, 0.5131,
        0.4765, 0.4528, 0.4267, 0.3889, 0.3584, 0.3356, 0.2984, 0.2678, 0.2398, 0.1943, 0.1058,
        0.012, 0.0042, 0.0026,
    ),
    (120, 180): (
        0.9846, 0.949, 0.8593, 0.7783, 0.7194, 0.6779, 0.6165, 0.5661, 0.5269, 0.4996, 0.4754,
        0.4413, 0.4169, 0.3817, 0.3439, 0.3181, 0.2957, 0.2609, 0.233, 0.2127, 0.1757, 0.1476,
        0.1222, 0.0493, 0.0065,
    ),
    (180, 300): (
        0.9818, 0.9473, 0.8482, 0.7559, 0.6946, 0.6467, 0.5768, 0.5276, 0.4879, 0.4594, 0.4366,
        0.4019, 0.3727, 0.3417, 0.307, 0.2832, 0.2648, 0.2334, 0.2085, 0.1877, 0.1564, 0.1364,
        0.119, 0.0963, 0.0789,
    ),
    (300, 3600): (
        0.984, 0.9454, 0.833, 0.7503, 0.6883, 0.6416, 0.5665, 0.5167, 0.4781, 0.4488, 0.4209,
        0.3792, 0.3503, 0.3197, 0.2847, 0.2633, 0.245, 0.2172, 0.1952, 0.1758, 0.1418, 0.121,
        0.1047, 0.0868, 0.0761,
    ),
}  # fmt: skip
"""Share of exposures still playing after SECONDS, replays included, by (from, to) duration in s."""
SHORTEST: Final = (0.198, 0.802)
"""Of the exposures in the first bin of W1, the shares up to 7 s and above, the first two bins of
W4: a mix of their own, without which that curve can be compared with nothing."""
PER_100: Final = {
    "like": 6.76, "comment": 0.183, "share": 0.228, "save": 0.379, "follow": 0.231,
    "sound_tap": 0.5, "not_interested": 0.080,
}  # fmt: skip
"""Actions per 100 views: like, comment and share are E2, save, follow and not interested E4."""
VISITS: Final = 2.11
"""Profile visits per 100 impressions (E5)."""
ON_PAGES: Final = {"profile": 2.0, "search": 1.1}
"""Percent of views on some surfaces (F11)."""
WATCH_RATIO: Final = (0, 0.1, 0.3, 0.5, 0.8, 1.0, 1.5, 2.0, float("inf"))
"""Ends of the bins of the watch ratio of W11; a bin has its lower end and not its upper one."""
MIDDLES: Final = (0.0, 0.18, 0.39, 0.64, 0.92, 1.09, 1.74, 3.1)
"""Mean watch ratio in these bins; the first is where a shape begins."""
LIKE_W11: Final = (0.66, 1.6, 2.2, 3.0, 4.0, 4.0, 6.1, 8.2)
"""Likes per 100 exposures by bin of the watch ratio."""
COMMENT_W11: Final = (0.05, 0.136, 0.373, 0.442, 0.596, 0.544, 2.41, 3.89)
"""Comments per 100 exposures by bin of the watch ratio."""
W15: Final = 66.5
"""Videos per active user-day (KuaiRec): a floor, since only some videos were logged."""
W16: Final = 58.4
"""Minutes per active user-day, TikTok (eMarketer 2024)."""
W17: Final = (11.0, 26.0)
"""Minutes and videos of a session; only an order of magnitude."""
ACTIVE: Final = 0.55
"""Share of people who come on a day; assumption."""
E9: Final = {
    "likes and comments": 0.62, "likes and shares": 0.54, "likes and saves": 0.63,
    "follows and saves": 0.68, "shares and saves": 0.62,
}  # fmt: skip
"""Rank correlations, over videos with 20,000 plays and more, of the rates of two actions."""
