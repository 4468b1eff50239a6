// A conversation to try the page with.

export const EXAMPLE = `Maya: Hi. Did the letter from the school come?
Jonas: Yes. It's on the kitchen table.
Maya: And what does it say?
Jonas: I don't know. I'm too scared to open it.
Maya: It came on Monday! It makes me so angry that you just leave it there.
Jonas: I'm afraid that they said no. I worked on that portfolio for a year.
Maya: Okay, I'll read it. "We are pleased to offer you a place in the autumn class."
Jonas: Wow! Really? I got in? I can't believe it!
Maya: You're in! Congratulations, I'm so proud of you!
Jonas: This is the best day of my life!
Maya: Wait, there is a second page. The fee was due yesterday.
Jonas: Oh no! That can't be true.
Maya: I told you to open it. Why do you never listen to me?
Jonas: Stop shouting at me! I hate it when you do that.
Maya: I'm sorry. That was unfair of me.
Jonas: It's my own fault. Now I have lost the place, I feel terrible.
Maya: I will call them and ask.
Jonas: Okay. Thank you for trying.
Maya: Good news! They will wait until Tuesday, you still have the place!
Jonas: Wonderful! Thank you so much, dinner is on me tonight!
`;
