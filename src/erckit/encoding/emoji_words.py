"""What emoji, shortcodes and emoticons say, in one or two words, grouped by what they express.

A trained model knows these words: new emoji may be added, the words of those that are here stay.
"""

from __future__ import annotations

# words | emoji | shortcodes as chats write them between colons
_EMOJI = """
# joy
laughing | 😂 🤣 😹 😆 | joy rofl joy_cat laughing satisfied lol lmao kekw
happy | 😀 😃 😄 😁 😊 ☺ 😺 😸 🙂 😌 | grinning smiley smile grin blush relaxed smiley_cat
  smile_cat slightly_smiling_face relieved slight_smile
upside-down smile | 🙃 | upside_down_face upside_down
nervous laugh | 😅 | sweat_smile
angelic | 😇 👼 | innocent angel
joking | 😉 😜 😝 😛 🤪 | wink stuck_out_tongue_winking_eye stuck_out_tongue_closed_eyes
  stuck_out_tongue zany_face
yummy | 😋 🤤 | yum drooling_face
cool | 😎 🆒 🤙 | sunglasses cool call_me_hand
impressed | 🤩 | star_struck
smirk | 😏 😼 | smirk smirk_cat
dying laughing | 💀 ☠ | skull skull_and_crossbones
celebrating | 🎉 🎊 🥳 🪅 🍾 🥂 🍻 🎂 🎁 🎈 🕺 💃 | tada confetti_ball partying_face champagne
  clinking_glasses beers birthday gift balloon man_dancing dancer party_parrot partyparrot
excited | 🙌 🤸 ⚡ ✨ 💫 🌟 ⭐ 🎆 | raised_hands cartwheeling zap sparkles dizzy star2 star
  fireworks
wow great | 🔥 💥 🚀 🤯 | fire boom rocket exploding_head
perfect | 💯 👌 🤌 | 100 ok_hand pinched_fingers
proud | 🏆 🥇 🎖 🏅 👑 | trophy 1st_place_medal first_place military_medal medal crown
strong | 💪 🦾 ✊ 👊 🤛 🤜 | muscle mechanical_arm fist punch facepunch left_facing_fist
  right_facing_fist
good luck | 🤞 🍀 | crossed_fingers four_leaf_clover
# love
love | ❤ 🧡 💛 💚 💙 💜 🖤 🤍 🤎 🩷 🩵 🩶 💕 💞 💓 💗 💖 💘 💝 ♥ ❣ 💟 🫶 💌 💑 💏 | heart orange_heart
  yellow_heart green_heart blue_heart purple_heart black_heart white_heart brown_heart
  pink_heart light_blue_heart grey_heart two_hearts revolving_hearts heartbeat heartpulse
  sparkling_heart cupid gift_heart hearts heart_exclamation heart_decoration heart_hands
  love_letter couple_with_heart couplekiss
in love | 😍 🥰 😻 ❤‍🔥 | heart_eyes smiling_face_with_three_hearts smiling_face_with_3_hearts
  heart_eyes_cat heart_on_fire
kiss | 😘 😗 😙 😚 😽 💋 | kissing_heart kissing kissing_smiling_eyes kissing_closed_eyes
  kissing_cat kiss
hug | 🤗 🫂 | hugging_face hugs hugging people_hugging
caring | 🌹 🌷 💐 🌸 🌺 🌻 🌼 | rose tulip bouquet cherry_blossom hibiscus sunflower blossom
cute | 🐶 🐱 🐰 🐻 🐼 🐣 🐥 👶 🦋 | dog cat rabbit bear panda_face hatching_chick hatched_chick
  baby butterfly
# agreement and greetings
yes good | 👍 ✅ ✔ ☑ 🆗 | thumbsup +1 white_check_mark heavy_check_mark ballot_box_with_check
  ok yes
well done | 👏 🫡 | clap saluting_face
fabulous | 💅 | nail_care
thank you | 🙏 🙇 | pray folded_hands bow
agreed | 🤝 | handshake
hello | 👋 | wave
peace | ✌ ☮ 🕊 🖖 | v peace_symbol dove vulcan_salute
rock on | 🤘 | metal the_horns
bad, no | 👎 ❌ ✖ 🙅 🚫 ⛔ 🛑 | thumbsdown -1 x heavy_multiplication_x no_good no_entry_sign
  no_entry octagonal_sign no
# sadness
sad | 😢 😞 😔 ☹ 🙁 😟 😕 😿 🥲 😥 🌧 | cry disappointed pensive frowning_face frowning
  slightly_frowning_face slight_frown worried confused crying_cat_face
  smiling_face_with_tear disappointed_relieved cloud_with_rain
crying loudly | 😭 | sob
heartbroken | 💔 ❤‍🩹 🥀 | broken_heart mending_heart wilted_flower wilted_rose
suffering | 😣 😖 😩 😫 | persevere confounded weary tired_face
pleading | 🥺 🥹 | pleading_face face_holding_back_tears
sick | 🤒 🤕 🤧 😷 | face_with_thermometer face_with_head_bandage sneezing_face mask
tired | 😴 🥱 😪 💤 🛌 | sleeping yawning_face sleepy zzz sleeping_bed
relieved sigh | 😮‍💨 | face_exhaling
freezing | 🥶 | cold_face
too hot | 🥵 | hot_face
# anger and disgust
angry | 😠 😡 💢 😾 👿 | angry rage anger pouting_cat imp
cursing, furious | 🤬 🖕 | cursing_face face_with_symbols_on_mouth middle_finger fu
annoyed | 🙄 😒 😑 😤 | roll_eyes rolling_eyes face_with_rolling_eyes unamused expressionless
  triumph
mischievous | 😈 | smiling_imp
how stupid | 🤦 🤡 | facepalm face_palm clown_face clown
disgusting | 🤢 🤮 💩 🗑 | nauseated_face face_vomiting vomiting_face poop hankey poo
  wastebasket
# fear and surprise
scared | 😨 😰 😧 😦 👻 🫣 | fearful cold_sweat anguished frowning_open ghost
  face_with_peeking_eye
screaming in fear | 😱 | scream
shaking | 🫨 | shaking_face
surprised | 😮 😲 😯 ‼ ❗ ❕ 🫢 🙀 🤭 | open_mouth astonished hushed bangbang exclamation
  grey_exclamation face_with_open_eyes_and_hand_over_mouth scream_cat hand_over_mouth
embarrassed | 😳 🙈 🫠 🫥 | flushed see_no_evil melting_face dotted_line_face
awkward | 😬 🙊 😶 😶‍🌫 🤐 | grimacing speak_no_evil no_mouth face_in_clouds zipper_mouth_face
  zipper_mouth
dizzy | 😵 😵‍💫 🥴 | dizzy_face face_with_spiral_eyes woozy_face
warning | ⚠ 🚨 🆘 | warning rotating_light sos
# thought, gestures and things
wondering | 🤔 🧐 🤨 ❓ ❔ ⁉ | thinking thinking_face monocle_face face_with_monocle
  face_with_raised_eyebrow raised_eyebrow question grey_question interrobang
who knows | 🤷 🫤 | shrug person_shrugging face_with_diagonal_mouth
looking | 👀 👁 | eyes eye
okay | 😐 | neutral_face
quiet | 🤫 | shushing_face
reading | 📚 📖 🤓 | books book nerd_face nerd
idea | 💡 | bulb
waiting | ⏳ ⌛ ⏰ 🕐 | hourglass_flowing_sand hourglass alarm_clock clock1
pointing | 👉 👈 👆 👇 ☝ 🫵 | point_right point_left point_up_2 point_down point_up
  index_pointing_at_the_viewer
hand up | ✋ 🖐 🙋 🤚 | hand raised_hand raised_hand_with_fingers_splayed raising_hand
  raised_back_of_hand
writing | ✍ 📝 | writing_hand memo pencil
working | 💻 👩‍💻 👨‍💻 🧑‍💻 💼 | computer woman_technologist man_technologist technologist
  briefcase
money | 💰 💸 🤑 💵 | moneybag money_with_wings money_mouth_face dollar
music | 🎵 🎶 🎧 🎤 | musical_note notes headphones microphone
coffee | ☕ 🍵 | coffee tea
drinks | 🍺 🍷 🍸 🍹 | beer wine_glass cocktail tropical_drink
food | 🍕 🍔 🍟 🌮 🍿 | pizza hamburger fries taco popcorn
cake | 🍰 🧁 🍪 🍫 🍩 🍦 | cake cupcake cookie chocolate_bar doughnut icecream
sunny | ☀ 🌞 🌈 | sunny sun_with_face rainbow
snow | ❄ ⛄ ☃ | snowflake snowman snowman_without_snow
christmas | 🎄 🎅 | christmas_tree santa
beach | 🏖 🌴 🌊 | beach_umbrella palm_tree ocean
soccer | ⚽ | soccer
monkey | 🙉 🐒 🐵 | hear_no_evil monkey monkey_face
family | 👪 👨‍👩‍👧 👨‍👩‍👦 👨‍👩‍👧‍👦 👨‍👩‍👦‍👦 | family
rainbow flag | 🏳‍🌈 | rainbow_flag
white flag | 🏳 | white_flag
flag | 🏴 🏁 🚩 | flag checkered_flag triangular_flag_on_post
robot | 🤖 👾 👽 | robot_face robot space_invader alien
"""


def _table() -> tuple[dict[str, str], dict[str, str]]:
    emoji: dict[str, str] = {}
    shortcodes: dict[str, str] = {}
    for line in _EMOJI.replace("\n  ", " ").strip().split("\n"):
        if line.startswith("# "):
            continue
        words, signs, names = line.split(" | ")
        emoji.update(dict.fromkeys(signs.split(), words))
        shortcodes.update(dict.fromkeys(names.split(), words))
    return emoji, shortcodes


# By emoji without variation selectors and skin tones; by shortcode without its colons.
EMOJI_WORDS, SHORTCODE_WORDS = _table()
